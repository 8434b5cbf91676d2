import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { OneStream, streamArn } from '../one-stream.ts';

let one: OneStream;
beforeEach(async () => {
  one = await OneStream.open(1);
});
afterEach(() => one.streams.stop());

test('a consumer is DELETING, then gone, and its name is free', async () => {
  await one.call('RegisterStreamConsumer', { StreamARN: streamArn, ConsumerName: 'c' });
  await one.call('DeregisterStreamConsumer', { StreamARN: streamArn, ConsumerName: 'c' });
  while (((await one.call('ListStreamConsumers', { StreamARN: streamArn }))['Consumers'] as object[]).length > 0)
    await new Promise((resolve) => setImmediate(resolve));
  assert.match(
    await one.refusal('DeregisterStreamConsumer', { StreamARN: streamArn, ConsumerName: 'c' }),
    /^ResourceNotFoundException/,
  );
  const { Consumer } = await one.call('RegisterStreamConsumer', { StreamARN: streamArn, ConsumerName: 'c' });
  await one.call('DeregisterStreamConsumer', { ConsumerARN: (Consumer as { ConsumerARN: string }).ConsumerARN });
});
