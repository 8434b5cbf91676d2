import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { OneStream, streamArn } from '../one-stream.ts';

let one: OneStream;
beforeEach(async () => {
  one = await OneStream.open(1);
});
afterEach(() => one.streams.stop());

test('the tags of a stream, by key, are those that ListTagsForStream tells', async () => {
  await one.call('AddTagsToStream', { StreamName: 's', Tags: { b: '2', a: '1' } });
  assert.deepEqual(await one.call('ListTagsForResource', { ResourceARN: streamArn }), {
    Tags: [
      { Key: 'a', Value: '1' },
      { Key: 'b', Value: '2' },
    ],
  });
});

test('an ARN of nothing is refused', async () => {
  assert.match(
    await one.refusal('ListTagsForResource', { ResourceARN: `${streamArn}x` }),
    /^ResourceNotFoundException/,
  );
});
