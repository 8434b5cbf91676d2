import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { OneStream, streamArn } from '../one-stream.ts';

let one: OneStream;
beforeEach(async () => {
  one = await OneStream.open(1);
});
afterEach(() => one.streams.stop());

test('the named tags of a stream or consumer go', async () => {
  await one.call('TagResource', { ResourceARN: streamArn, Tags: { a: '1', b: '2' } });
  await one.call('UntagResource', { ResourceARN: streamArn, TagKeys: ['a', 'none'] });
  assert.deepEqual((await one.call('ListTagsForResource', { ResourceARN: streamArn }))['Tags'], [
    { Key: 'b', Value: '2' },
  ]);
  const { Consumer } = await one.call('RegisterStreamConsumer', {
    StreamARN: streamArn,
    ConsumerName: 'c',
    Tags: { x: '1' },
  });
  const ResourceARN = (Consumer as { ConsumerARN: string }).ConsumerARN;
  await one.call('UntagResource', { ResourceARN, TagKeys: ['x'] });
  assert.deepEqual((await one.call('ListTagsForResource', { ResourceARN }))['Tags'], []);
});

test('an ARN of nothing is refused', async () => {
  assert.match(
    await one.refusal('UntagResource', { ResourceARN: `${streamArn}x`, TagKeys: ['a'] }),
    /^ResourceNotFoundException/,
  );
});
