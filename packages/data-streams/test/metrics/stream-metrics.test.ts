import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { base64, middleHash, OneStream } from '../one-stream.ts';

let one: OneStream;
beforeEach(async () => {
  one = await OneStream.open(2, { limits: 'aws' });
  one.world.hold();
});
afterEach(() => one.streams.stop());

/** The figures that are not 0, by name, those of shards with the shard's number behind it. */
function figures(): Record<string, number> {
  const found: Record<string, number> = {};
  for (const { name, value, shard } of one.streams.service.metrics.samples())
    if (value !== 0) found[shard === undefined ? name : `${name} ${shard}`] = value;
  return found;
}

test('puts and reads are counted under CloudWatch’s names, throttled ones too', async () => {
  await one.put('12345');
  const record = { PartitionKey: 'k', ExplicitHashKey: '0', Data: base64('x') };
  await one.call('PutRecords', { StreamName: 's', Records: Array.from({ length: 500 }, () => record) });
  await one.call('PutRecords', { StreamName: 's', Records: Array.from({ length: 500 }, () => record) });
  const from = await one.iterator('TRIM_HORIZON');
  for (let n = 0; n < 5; n += 1) await one.read(from, { Limit: 10 });
  await one.refusal('GetRecords', { ShardIterator: from });
  assert.deepEqual(figures(), {
    IncomingBytes: 6 + 999 * 2,
    IncomingRecords: 1000,
    'PutRecord.Bytes': 6,
    'PutRecord.Success': 1,
    'PutRecords.Bytes': 2000,
    'PutRecords.Success': 2,
    'PutRecords.TotalRecords': 1000,
    'PutRecords.SuccessfulRecords': 999,
    'PutRecords.ThrottledRecords': 1,
    'GetRecords.Bytes': 5 * (6 + 9 * 2),
    'GetRecords.Records': 50,
    'GetRecords.Success': 5,
    'GetRecords.IteratorAgeMilliseconds': 1,
    ReadProvisionedThroughputExceeded: 1,
    WriteProvisionedThroughputExceeded: 1,
    'PutRecord.Latency.Count': 1,
    'PutRecords.Latency.Count': 2,
    'GetRecords.Latency.Count': 6,
  });
});

test('shards have figures of their own where enhanced monitoring asks for them, and only those', async () => {
  await one.put('a');
  await one.call('EnableEnhancedMonitoring', {
    StreamName: 's',
    ShardLevelMetrics: ['IncomingRecords', 'OutgoingRecords'],
  });
  await one.put('b');
  await one.put('c', { ExplicitHashKey: middleHash });
  await one.read(await one.iterator('TRIM_HORIZON'));
  const shards = Object.entries(figures()).filter(([name]) => name.includes(' '));
  assert.deepEqual(Object.fromEntries(shards), {
    'IncomingRecords 0': 1,
    'IncomingRecords 1': 1,
    'OutgoingRecords 0': 2,
  });
});

test('a deleted stream has no figures any more', async () => {
  await one.put('a');
  await one.call('DeleteStream', { StreamName: 's' });
  one.world.advance(1000);
  while (one.streams.service.state.streams.size > 0) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(figures(), {});
});
