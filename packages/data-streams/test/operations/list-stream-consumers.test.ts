import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { OneStream, streamArn } from '../one-stream.ts';

let one: OneStream;
beforeEach(async () => {
  one = await OneStream.open(1);
});
afterEach(() => one.streams.stop());

test('consumers by name, in pages; a token of another stream, and a wrong creation time, are refused', async () => {
  for (const ConsumerName of ['b', 'a', 'c'])
    await one.call('RegisterStreamConsumer', { StreamARN: streamArn, ConsumerName });
  const names = (page: Record<string, unknown>): string[] =>
    (page['Consumers'] as { ConsumerName: string }[]).map(({ ConsumerName }) => ConsumerName);
  const first = await one.call('ListStreamConsumers', { StreamARN: streamArn, MaxResults: 2 });
  assert.deepEqual(names(first), ['a', 'b']);
  const { NextToken } = first;
  assert.deepEqual(names(await one.call('ListStreamConsumers', { StreamARN: streamArn, NextToken })), ['c']);
  await one.call('CreateStream', { StreamName: 'other', ShardCount: 1 });
  assert.match(
    await one.refusal('ListStreamConsumers', { StreamARN: streamArn.replace('/s', '/other'), NextToken }),
    /^InvalidArgumentException/,
  );
  assert.match(
    await one.refusal('ListStreamConsumers', { StreamARN: streamArn, StreamCreationTimestamp: 1_400_000_000 }),
    /^ResourceNotFoundException/,
  );
  one.world.advance(301_000);
  assert.match(
    await one.refusal('ListStreamConsumers', { StreamARN: streamArn, NextToken }),
    /^ExpiredNextTokenException/,
  );
});
