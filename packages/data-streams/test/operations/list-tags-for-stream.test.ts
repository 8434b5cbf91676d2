import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { OneStream, streamArn } from '../one-stream.ts';

let one: OneStream;
beforeEach(async () => {
  one = await OneStream.open(1);
});
afterEach(() => one.streams.stop());

test('tags come by key, in pages that begin behind a key', async () => {
  await one.call('AddTagsToStream', { StreamName: 's', Tags: { b: '2', a: '1', c: '3' } });
  assert.deepEqual(await one.call('ListTagsForStream', { StreamName: 's', Limit: 2 }), {
    HasMoreTags: true,
    Tags: [
      { Key: 'a', Value: '1' },
      { Key: 'b', Value: '2' },
    ],
  });
  assert.deepEqual(await one.call('ListTagsForStream', { StreamARN: streamArn, ExclusiveStartTagKey: 'b' }), {
    HasMoreTags: false,
    Tags: [{ Key: 'c', Value: '3' }],
  });
});

test('a stream without tags has an empty list; one that is not there is named', async () => {
  assert.deepEqual(await one.call('ListTagsForStream', { StreamName: 's' }), { HasMoreTags: false, Tags: [] });
  assert.equal(
    await one.refusal('ListTagsForStream', { StreamName: 'x' }),
    'ResourceNotFoundException: Stream x under account 000000000000 not found.',
  );
});
