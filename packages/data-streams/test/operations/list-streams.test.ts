import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { OneStream } from '../one-stream.ts';

let one: OneStream;
beforeEach(async () => {
  one = await OneStream.open(1);
});
afterEach(() => one.streams.stop());

test('names and summaries by name, in pages by token or behind a name; only those of the account and region', async () => {
  for (const StreamName of ['b', 'a']) await one.call('CreateStream', { StreamName, ShardCount: 1 });
  await one.call('CreateStream', { StreamName: 'foreign', ShardCount: 1 }, { account: '111111111111' });
  await one.call('CreateStream', { StreamName: 'far', ShardCount: 1 }, { region: 'eu-west-1' });
  const first = await one.call('ListStreams', { Limit: 2 });
  assert.deepEqual([first['StreamNames'], first['HasMoreStreams']], [['a', 'b'], true]);
  const second = await one.call('ListStreams', { NextToken: first['NextToken'] });
  assert.deepEqual([second['StreamNames'], second['HasMoreStreams'], second['NextToken']], [['s'], false, undefined]);
  assert.deepEqual((await one.call('ListStreams', { ExclusiveStartStreamName: 'a' }))['StreamNames'], ['b', 's']);
  assert.deepEqual((await one.call('ListStreams', {}, { account: '111111111111' }))['StreamNames'], ['foreign']);
  assert.deepEqual((await one.call('ListStreams', {}, { region: 'eu-west-1' }))['StreamNames'], ['far']);
  const [summary] = second['StreamSummaries'] as object[];
  assert.deepEqual(Object.keys(summary!).sort(), [
    'StreamARN',
    'StreamCreationTimestamp',
    'StreamModeDetails',
    'StreamName',
    'StreamStatus',
  ]);
});

test('a token that nobody gave is refused, one of five minutes ago has expired', async () => {
  for (const NextToken of ['AAAA', 'W10', Buffer.from('{}').toString('base64')])
    assert.equal(await one.refusal('ListStreams', { NextToken }), 'InvalidArgumentException: NextToken is invalid.');
  await one.call('CreateStream', { StreamName: 'a', ShardCount: 1 });
  const { NextToken } = await one.call('ListStreams', { Limit: 1 });
  one.world.advance(301_000);
  assert.match(await one.refusal('ListStreams', { NextToken }), /^ExpiredNextTokenException/);
});
