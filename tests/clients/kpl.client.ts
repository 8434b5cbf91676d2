/**
 * An unmodified KPL, and our producer in its place, with an unmodified KCL and nothing but one Millrace process: records that are
 * aggregated by an old map of the shards while one is split and two are merged reach the reader all the same, and what it reads
 * and what @millrace/aggregation reads is the same.
 */
import { Kinesis } from '@aws-sdk/client-kinesis';
import { deaggregate } from '@millrace/aggregation';
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { test } from 'node:test';
import { startServer } from '../../tools/server-process.ts';
import { streamActive } from '../../tools/stream-active.ts';
import { endProcess, javaClassPath, kcl1, kcl3, kpl, untilTrue } from './environments.ts';
import type { KclVersion } from './environments.ts';
import { javaTrust } from './java-trust.ts';
import { startKclWorker } from './kcl-worker.ts';
import { KplWriter } from './kpl-writer.ts';
import type { Writer } from './kpl-writer.ts';
import { NodeWriter } from './node-writer.ts';

const keys = 40;
const rounds = 200;
/** Of these the KPL is told the hash key, too. */
const keysPlaced = 4;
const hashKeyOf = (key: number): string | undefined =>
  key < keysPlaced ? String((2n ** 128n / BigInt(keysPlaced)) * BigInt(key) + 7n) : undefined;

interface Story {
  readonly kcl: KclVersion;
  readonly mode: 'polling' | 'fanout';
  /** Our producer in the KPL's place. */
  readonly isOurs: boolean;
}

const stories: Story[] = [
  { kcl: kcl3, mode: 'polling', isOurs: false },
  { kcl: kcl3, mode: 'fanout', isOurs: false },
  { kcl: kcl1, mode: 'polling', isOurs: false },
  { kcl: kcl3, mode: 'polling', isOurs: true },
];

for (const story of stories) {
  const writer = story.isOurs ? '@millrace/producer' : `KPL ${kpl.version} over TLS`;
  test(`${writer}, aggregating, read by KCL ${story.kcl.version}, ${story.mode}`, { timeout: 300_000 }, () =>
    tellStory(story),
  );
}

async function tellStory({ kcl, mode, isOurs }: Story): Promise<void> {
  const [writerPath, readerPath] = [isOurs ? '' : await javaClassPath(kpl), await javaClassPath(kcl)];
  const server = await startServer([]);
  const port = Number(new URL(server.endpoint).port);
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const client = new Kinesis({ endpoint: server.endpoint, region: 'us-east-1', credentials });
  const trust = await javaTrust(port);
  const seen = new Set<string>();
  const started = new Set<string>();
  let log = '';
  let reader: ChildProcess | undefined;
  let writer: Writer | undefined;
  try {
    await client.createStream({ StreamName: 'events', ShardCount: 2 });
    await streamActive(client, 'events');
    const endpoint = `https://127.0.0.1:${port}`;
    const options = { endpoint, application: 'kpl', modes: [mode], main: kcl.main, properties: trust.properties };
    reader = startKclWorker(readerPath, options, {
      onLine([kind, ...words]) {
        if (kind === 'RECORD') seen.add(words.join(' '));
        if (kind === 'START') started.add(words[0]!);
      },
      onLog: (text) => (log = (log + text).slice(-20_000)),
    });
    await untilTrue(() => started.size === 2, 'the reader');
    writer = isOurs ? new NodeWriter(client) : new KplWriter(writerPath, port);
    await putThroughReshards(client, writer);
    const { acknowledged, failed } = writer;
    await untilTrue(() => acknowledged.length + failed.length === keys * rounds, 'every answer', 60_000);
    assert.deepEqual(failed, []);
    if (!isOurs)
      await untilTrue(async () => (await userRecordsPut(server.endpoint)) >= keys * rounds, 'metrics of every record');
    await writer.end();

    const stored = await storedRecords(client);
    assert.ok(Math.max(...stored.map(({ lines }) => lines.length)) > 10, 'nothing was aggregated');
    assert.ok(
      stored.some(({ isForeign }) => isForeign),
      'no record was aggregated by an old map of the shards',
    );
    checkRead(stored, writer, new Set(stored.filter(({ isForeign }) => !isForeign).flatMap(({ lines }) => lines)));
    const isRead = (): boolean =>
      stored.every(({ lines, isForeign }) => isForeign || lines.every((one) => seen.has(one)));
    await untilTrue(isRead, 'what is stored').catch((error: unknown) => assert.fail(`${String(error)}\n${log}`));
    checkRead(stored, writer, seen);
    checkOrder(seen);
  } finally {
    await writer?.stop();
    if (reader !== undefined) await endProcess(reader);
    await trust.remove();
    client.destroy();
    await server.stop();
  }
}

/** Rounds of a record a key, at a steady pace that no reshard interrupts: its producer learns of each by its own records. */
async function putThroughReshards(client: Kinesis, writer: Writer): Promise<void> {
  const half = String(2n ** 126n);
  const [stream, shard] = [{ StreamName: 'events' }, (number: number) => `shardId-00000000000${number}`];
  let reshards = Promise.resolve();
  for (let round = 0; round < rounds; round += 1) {
    for (let key = 0; key < keys; key += 1) writer.put(`key-${key}`, String(round), hashKeyOf(key));
    // The first round waits for the producer to have come up with its map of the shards: without one it does not aggregate.
    if (round === 0) await untilTrue(() => writer.acknowledged.length === keys, 'the first records');
    if (round === 60)
      reshards = client
        .splitShard({ ...stream, ShardToSplit: shard(0), NewStartingHashKey: half })
        .then(() => streamActive(client, 'events'))
        .then(() => undefined);
    if (round === 130)
      reshards = reshards
        .then(() => client.mergeShards({ ...stream, ShardToMerge: shard(3), AdjacentShardToMerge: shard(1) }))
        .then(() => streamActive(client, 'events'))
        .then(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  await reshards;
}

/** What the KPL has told CloudWatch that it put. */
async function userRecordsPut(endpoint: string): Promise<number> {
  const body = new URLSearchParams({
    ...{ Action: 'GetMetricStatistics', Version: '2010-08-01', Namespace: 'KinesisProducerLibrary' },
    ...{ MetricName: 'UserRecordsPut', Period: '3600', 'Statistics.member.1': 'Sum' },
    ...{ 'Dimensions.member.1.Name': 'StreamName', 'Dimensions.member.1.Value': 'events' },
    StartTime: new Date(Date.now() - 3_600_000).toISOString(),
    EndTime: new Date(Date.now() + 3_600_000).toISOString(),
  });
  const text = await (await fetch(endpoint, { method: 'POST', body })).text();
  return [...text.matchAll(/<Sum>([^<]+)</g)].reduce((sum, [, value]) => sum + Number(value), 0);
}

/** A Kinesis record, and its user records as the worker's lines. */
interface StoredRecord {
  readonly lines: readonly string[];
  /** Whether some belong to another shard: by KCL's rule all of it is left out, and producers put all of it again. */
  readonly isForeign: boolean;
}

/** What the shards hold, by our own reading. */
async function storedRecords(client: Kinesis): Promise<StoredRecord[]> {
  const found: StoredRecord[] = [];
  const { Shards: shards = [] } = await client.listShards({ StreamName: 'events' });
  for (const { ShardId: shard, HashKeyRange: range } of shards) {
    const within = { startingHashKey: BigInt(range!.StartingHashKey!), endingHashKey: BigInt(range!.EndingHashKey!) };
    const start = { StreamName: 'events', ShardId: shard!, ShardIteratorType: 'TRIM_HORIZON' } as const;
    let { ShardIterator: iterator } = await client.getShardIterator(start);
    for (let isBehind = true; iterator !== undefined && isBehind;) {
      const page = await client.getRecords({ ShardIterator: iterator });
      for (const { PartitionKey: partitionKey, SequenceNumber: number, Data: data } of page.Records ?? []) {
        const record = { partitionKey: partitionKey!, data: data! };
        const lines = deaggregate(record).map((part) =>
          [shard, number, part.partitionKey, Buffer.from(part.data).toString(), part.subSequenceNumber].join(' '),
        );
        found.push({ lines, isForeign: deaggregate(record, { within }).length === 0 });
      }
      iterator = page.NextShardIterator;
      isBehind = page.MillisBehindLatest! > 0;
    }
  }
  return found;
}

/**
 * Every record that was put was read, where its producer says that it stands; nothing that was not stored; and each aggregated record
 * as a whole or not at all. KCL may read those that hold another shard's, as long as it has not looked up its shard's range.
 */
function checkRead(stored: readonly StoredRecord[], { acknowledged }: Writer, read: ReadonlySet<string>): void {
  const whole = stored.filter(({ lines }) => lines.some((line) => read.has(line))).flatMap(({ lines }) => lines);
  assert.deepEqual([...read].toSorted(), whole.toSorted());
  const [places, users] = [new Set<string>(), new Set<string>()];
  for (const [shard, number, key, text] of whole.map((line) => line.split(' '))) {
    places.add(`${shard} ${number} ${key} ${text}`);
    users.add(`${key} ${text}`);
  }
  for (const { shard, sequenceNumber, key, text } of acknowledged)
    assert.ok(places.has(`${shard} ${sequenceNumber} ${key} ${text}`), `${key} ${text} not where it was put`);
  const put = Array.from({ length: keys * rounds }, (_, at) => `key-${at % keys} ${Math.floor(at / keys)}`);
  assert.deepEqual([...users].toSorted(), put.toSorted());
}

/** First sights come in the order of the shard. The KPL promises no order of what is put, so the keys' own says nothing. */
function checkOrder(seen: Iterable<string>): void {
  const last = new Map<string, { sequenceNumber: bigint; subSequenceNumber: number }>();
  for (const [shard, number, , , sub] of [...seen].map((line) => line.split(' '))) {
    const [sequenceNumber, subSequenceNumber] = [BigInt(number!), Number(sub)];
    const before = last.get(shard!);
    const isBehind =
      before === undefined ||
      sequenceNumber > before.sequenceNumber ||
      (sequenceNumber === before.sequenceNumber && subSequenceNumber > before.subSequenceNumber);
    assert.ok(isBehind, `${shard} ${number} ${sub} not in order`);
    last.set(shard!, { sequenceNumber, subSequenceNumber });
  }
}
