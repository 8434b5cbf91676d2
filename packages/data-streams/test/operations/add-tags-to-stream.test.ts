import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { OneStream, streamArn } from '../one-stream.ts';

let one: OneStream;
beforeEach(async () => {
  one = await OneStream.open(1);
});
afterEach(() => one.streams.stop());

test('tags are added and overwritten, by name and by ARN, and outlive a restart', async () => {
  await one.call('AddTagsToStream', { StreamName: 's', Tags: { a: '1', b: '2' } });
  await one.call('AddTagsToStream', { StreamARN: streamArn, Tags: { b: '3', empty: '' } });
  const expected = [
    { Key: 'a', Value: '1' },
    { Key: 'b', Value: '3' },
    { Key: 'empty', Value: '' },
  ];
  assert.deepEqual((await one.call('ListTagsForStream', { StreamName: 's' }))['Tags'], expected);
  const again = await one.streams.restart();
  assert.deepEqual((await again.call('ListTagsForStream', { StreamName: 's' }))['Tags'], expected);
  await again.stop();
  one = await OneStream.open(1);
});

test('a stream has 50 tags at most; a call that would pass that adds none', async () => {
  const tags = (from: number, count: number): object =>
    Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${from + n}`, 'v']));
  for (let from = 0; from < 50; from += 10)
    await one.call('AddTagsToStream', { StreamName: 's', Tags: tags(from, 10) });
  assert.equal(
    await one.refusal('AddTagsToStream', { StreamName: 's', Tags: tags(45, 6) }),
    'LimitExceededException: Failed to add tags to stream s under account 000000000000 because a given resource cannot have more than 50 tags associated with it.',
  );
  await one.call('AddTagsToStream', { StreamName: 's', Tags: { k49: 'new' } });
  const all = (await one.call('ListTagsForStream', { StreamName: 's', Limit: 50 }))['Tags'] as { Key: string }[];
  assert.equal(all.length, 50);
});

test('characters that tags cannot have are refused, and so is the percent sign that AWS lists as valid', async () => {
  assert.equal(
    await one.refusal('AddTagsToStream', { StreamName: 's', Tags: { 'a;b': 'x' } }),
    'InvalidArgumentException: Some tags contain invalid characters. Valid characters: Unicode letters, digits, white space, _ . / = + - % @.',
  );
  assert.match(
    await one.refusal('AddTagsToStream', { StreamName: 's', Tags: { a: '%' } }),
    /^InvalidArgumentException: Failed to add tags to stream s under account 000000000000 because some tags contained illegal characters\./,
  );
});

test('a stream that is not there is named', async () => {
  assert.equal(
    await one.refusal('AddTagsToStream', { StreamName: 'x', Tags: { a: '1' } }),
    'ResourceNotFoundException: Stream x under account 000000000000 not found.',
  );
});
