import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { OneStream, streamArn } from '../one-stream.ts';

let one: OneStream;
beforeEach(async () => {
  one = await OneStream.open(1);
});
afterEach(() => one.streams.stop());

test('streams and consumers are tagged by ARN', async () => {
  const ConsumerARN = (
    (await one.call('RegisterStreamConsumer', { StreamARN: streamArn, ConsumerName: 'c' }))['Consumer'] as {
      ConsumerARN: string;
    }
  ).ConsumerARN;
  for (const ResourceARN of [streamArn, ConsumerARN]) {
    await one.call('TagResource', { ResourceARN, Tags: { a: '1' } });
    await one.call('TagResource', { ResourceARN, Tags: { a: '2', b: '3' } });
    assert.deepEqual((await one.call('ListTagsForResource', { ResourceARN }))['Tags'], [
      { Key: 'a', Value: '2' },
      { Key: 'b', Value: '3' },
    ]);
  }
});

test('the 51st tag is refused, and nothing of its call is kept', async () => {
  const Tags = Object.fromEntries(Array.from({ length: 51 }, (_, n) => [`k${n}`, 'v']));
  assert.match(
    await one.refusal('TagResource', { ResourceARN: streamArn, Tags }),
    /^LimitExceededException: Failed to add tags/,
  );
  assert.deepEqual((await one.call('ListTagsForResource', { ResourceARN: streamArn }))['Tags'], []);
});

test('an ARN of nothing is refused', async () => {
  assert.match(
    await one.refusal('TagResource', { ResourceARN: `${streamArn}x`, Tags: { a: '1' } }),
    /^ResourceNotFoundException/,
  );
});
