import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { OneStream, streamArn } from '../one-stream.ts';

let one: OneStream;
beforeEach(async () => {
  one = await OneStream.open(1);
});
afterEach(() => one.streams.stop());

test('the named tags go, others stay, and one that is not there is no error', async () => {
  await one.call('AddTagsToStream', { StreamName: 's', Tags: { a: '1', b: '2', c: '3' } });
  await one.call('RemoveTagsFromStream', { StreamName: 's', TagKeys: ['a', 'none'] });
  await one.call('RemoveTagsFromStream', { StreamARN: streamArn, TagKeys: ['c'] });
  assert.deepEqual((await one.call('ListTagsForStream', { StreamName: 's' }))['Tags'], [{ Key: 'b', Value: '2' }]);
});

test('a stream that is not there is named', async () => {
  assert.equal(
    await one.refusal('RemoveTagsFromStream', { StreamName: 'x', TagKeys: ['a'] }),
    'ResourceNotFoundException: Stream x under account 000000000000 not found.',
  );
});
