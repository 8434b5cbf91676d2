import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { base64, OneStream } from './one-stream.ts';

let one: OneStream;
beforeEach(async () => {
  one = await OneStream.open(1);
  await one.call('CreateStream', { StreamName: 'd' });
  await one.active('d');
});
afterEach(() => one.streams.stop());

const openShards = async (): Promise<number> => (await one.summary('d'))['OpenShardCount'] as number;

/** A minute's traffic of so many records, on all shards or on the first. */
async function traffic(records: number, more: object = {}): Promise<void> {
  for (let sent = 0; sent < records; sent += 500) {
    const Records = Array.from({ length: 500 }, (_, n) => ({ PartitionKey: `k${n}`, Data: base64('x'), ...more }));
    await one.call('PutRecords', { StreamName: 'd', Records });
  }
  one.world.advance(60_000);
}

/** Waits until the stream has so many shards; where it had them before, until whatever was begun has had its turns. */
async function becomes(shards: number): Promise<void> {
  for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
  await one.active('d');
  while ((await openShards()) < shards) await new Promise(setImmediate);
  await one.active('d');
  assert.equal(await openShards(), shards);
}

test('four shards, that is 4 MB/s, at first; more than half of that for a minute doubles them, again and again', async () => {
  assert.equal(await openShards(), 4);
  await traffic(100_000);
  await becomes(4);
  await traffic(125_000);
  await becomes(8);
  await traffic(125_000);
  await becomes(8);
  await traffic(245_000);
  await becomes(16);
});

test('one hot shard is split by itself', async () => {
  await traffic(35_000, { ExplicitHashKey: '5' });
  await becomes(5);
});

test('a provisioned stream stays as it is', async () => {
  const Records = Array.from({ length: 500 }, () => ({ PartitionKey: 'k', Data: base64('x') }));
  for (let sent = 0; sent < 60_000; sent += 500) await one.call('PutRecords', { StreamName: 's', Records });
  one.world.advance(61_000);
  for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
  assert.equal((await one.summary())['OpenShardCount'], 1);
});
