/**
 * A producer, in one of its many settings, puts while shards split and merge, requests get lost on their way there or back, hang,
 * come late, are refused as a whole or in part, shards cannot be listed, and payloads take their time. Whatever happens: what was
 * acknowledged stands where it was said to stand and readers look for it there, each put is answered once, nothing is stored twice
 * without a reason, memory stays within its bounds, and in ordered mode first sights are in order by key.
 */
import assert from 'node:assert/strict';
import { deaggregate } from '@millrace/aggregation';
import { AwsError } from '@millrace/model';
import { DeliveryError, Producer } from '@millrace/producer';
import type { ProducerOptions, PutResult } from '@millrace/producer';
import { simulatedWorld } from '@millrace/world';
import type { SimulatedWorld } from '@millrace/world';
import { testService } from '../../packages/data-streams/test/support.ts';
import type { TestService } from '../../packages/data-streams/test/support.ts';
import { settle } from './settle.ts';

interface Put {
  readonly key: string;
  readonly ordinal: number;
  answers: number;
  result: PutResult | undefined;
}

interface Story {
  readonly world: SimulatedWorld;
  readonly streams: TestService;
  readonly puts: Put[];
  /** Nothing is lost, only refused: then nothing is stored twice. */
  readonly isGentle: boolean;
  /** No faults any more. */
  isCalm: boolean;
  /** Something happened that may store a record twice. */
  mayRepeat: boolean;
}

type Records = { PartitionKey: string; Data: Uint8Array }[];
type Answer = { FailedRecordCount: number; Records: object[] };

const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

export async function story(seed: number): Promise<void> {
  const world = simulatedWorld(seed);
  const log = { journalFileBytes: 65_536, hotBytes: 20_000 };
  const streams = await settle(world, testService({ world, directory: '/data', transitionMs: 5, log }));
  await settle(world, streams.call('CreateStream', { StreamName: 's', ShardCount: 1 + world.draw(3) }));
  await settle(world, streams.untilActive('s'));
  const it: Story = { world, streams, puts: [], isGentle: world.draw(3) === 0, isCalm: false, mayRepeat: false };
  const options = settingsOf(world);
  const producer = new Producer({ ...options, client: clientOf(it), stream: 's', world });
  for (let step = 0; step < 15; step += 1) {
    await putSome(it, producer, options.maxBufferedBytes!);
    if (world.draw(3) === 0) await reshard(it);
    if (world.draw(5) === 0) await flushSome(it, producer);
    await world.run({ forMs: world.draw(400) });
  }
  it.isCalm = true;
  await settle(world, producer.close());
  const { userRecordsPut, userRecordsStored, userRecordsFailed, ...metrics } = producer.metrics();
  const stored = it.puts.filter(({ result }) => result !== undefined);
  assert.deepEqual([userRecordsPut, userRecordsStored], [it.puts.length, stored.length]);
  assert.equal(userRecordsFailed, it.puts.length - stored.length);
  assert.deepEqual([metrics.bufferedBytes, metrics.bufferedRecords, metrics.requestsUnderWay], [0, 0, 0]);
  for (const { key, ordinal, answers } of it.puts) assert.equal(answers, 1, `${key} ${ordinal} was answered`);
  if (options.recordTtlMs! > 60_000) assert.equal(stored.length, it.puts.length, 'given up without need');
  await look(it, options.ordered!);
}

function settingsOf(world: SimulatedWorld): Partial<ProducerOptions> {
  const isSlow = world.draw(3) === 0;
  return {
    aggregation: world.draw(3) > 0,
    aggregationMaxBytes: [200, 1000, 51_200][world.draw(3)]!,
    ordered: world.draw(2) === 0,
    lingerMs: [0, 10, 100][world.draw(3)]!,
    recordTtlMs: world.draw(4) === 0 ? 300 : 900_000,
    maxRequests: 1 + world.draw(4),
    maxBufferedBytes: [5000, 1 << 20][world.draw(2)]!,
    ...(isSlow && {
      encryption: {
        async encode(data: Uint8Array) {
          await delay(world, 20);
          return data;
        },
        decode: (data: Uint8Array) => data,
      },
    }),
  };
}

async function delay(world: SimulatedWorld, upToMs: number): Promise<void> {
  await new Promise<void>((resolve) => void world.clock.setTimer(world.draw(upToMs), resolve));
}

async function putSome(it: Story, producer: Producer, maxBufferedBytes: number): Promise<void> {
  for (let n = it.world.draw(40); n > 0; n -= 1) {
    await settle(it.world, producer.ready());
    const key = keys[it.world.draw(keys.length)]!;
    const put: Put = { key, ordinal: it.puts.length, answers: 0, result: undefined };
    it.puts.push(put);
    producer.put({ partitionKey: key, data: `${key} ${put.ordinal}` }).then(
      (result) => {
        put.answers += 1;
        put.result = result;
      },
      (error: unknown) => {
        put.answers += 1;
        assert.ok(error instanceof DeliveryError && /time to live|cannot be listed/.test(error.message), String(error));
      },
    );
    assert.ok(producer.metrics().bufferedBytes <= maxBufferedBytes + 1000, 'more memory than was allowed');
    if (it.world.draw(10) === 0) await it.world.run({ forMs: it.world.draw(20) });
  }
}

async function flushSome(it: Story, producer: Producer): Promise<void> {
  const before = it.puts.length;
  await settle(it.world, producer.flush());
  for (const { key, ordinal, answers } of it.puts.slice(0, before)) assert.equal(answers, 1, `${key} ${ordinal}`);
}

async function reshard({ world, streams }: Story): Promise<void> {
  const TargetShardCount = 1 + world.draw(4);
  const change = { StreamName: 's', TargetShardCount, ScalingType: 'UNIFORM_SCALING' };
  await settle(world, streams.refusal('UpdateShardCount', change));
}

/** The real service, called through a network that loses and delays. */
function clientOf(it: Story): ProducerOptions['client'] {
  const { world, streams } = it;
  const call = async (name: string, input: object): Promise<object> => {
    await delay(world, 30);
    try {
      return await streams.call(name, input);
    } catch (error) {
      if (error instanceof AwsError) throw Object.assign(new Error(error.message), { name: error.code });
      throw error;
    }
  };
  const send = async (command: { input: { Records?: Records } }, options?: { abortSignal?: AbortSignal }) => {
    const name = command.constructor.name.replace(/Command$/, '');
    const { Records: records } = command.input;
    if (records === undefined) {
      await delay(world, 30);
      if (!it.isCalm && !it.isGentle && world.draw(6) === 0) {
        // After a reshard nobody can tell then which records readers will leave out: all are put again.
        it.mayRepeat = true;
        if (world.draw(3) === 0) return untilAborted(options?.abortSignal);
        throw new Error('shards cannot be listed now');
      }
      return call(name, command.input);
    }
    const put = (some: Records): Promise<object> =>
      call(name, {
        ...command.input,
        Records: some.map((one) => ({ ...one, Data: Buffer.from(one.Data).toString('base64') })),
      });
    const answer = await (it.isCalm ? put(records) : throughFaults(it, { records, put, signal: options?.abortSignal }));
    await delay(world, 30);
    return answer;
  };
  return { send: send as never };
}

async function throughFaults(
  it: Story,
  {
    records,
    put,
    signal,
  }: { records: Records; put: (some: Records) => Promise<object>; signal?: AbortSignal | undefined },
): Promise<object> {
  const { world } = it;
  switch (it.isGentle ? 5 + world.draw(7) : world.draw(12)) {
    case 0:
      throw new Error('the request is lost');
    case 1:
      it.mayRepeat = true;
      await put(records);
      throw new Error('the answer is lost');
    case 2:
      // The caller hears nothing, and the request is carried out behind its back.
      it.mayRepeat = true;
      void delay(world, 500)
        .then(() => put(records))
        .catch(() => undefined);
      throw new Error('the answer comes too late');
    case 3:
      throw Object.assign(new Error('slower'), { name: 'LimitExceededException' });
    case 4:
      if (world.draw(10) > 0) return put(records);
      return untilAborted(signal);
    case 5:
    case 6:
    case 7:
      return inPart(world, records, put);
    default:
      return put(records);
  }
}

function untilAborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new Error('aborted'))));
}

/** Some records are refused, the others stored: what PutRecords does where a shard has taken enough. */
async function inPart(
  world: SimulatedWorld,
  records: Records,
  put: (some: Records) => Promise<object>,
): Promise<Answer> {
  const refused = new Set(records.filter(() => world.draw(3) === 0));
  const kept = records.filter((one) => !refused.has(one));
  const answers = kept.length === 0 ? [] : ((await put(kept)) as Answer).Records;
  const no = { ErrorCode: 'ProvisionedThroughputExceededException', ErrorMessage: 'enough' };
  let next = 0;
  return {
    FailedRecordCount: refused.size,
    Records: records.map((one) => (refused.has(one) ? no : answers[next++]!)),
  };
}

interface Sight {
  readonly key: string;
  readonly ordinal: number;
  readonly place: string;
}

async function look(it: Story, isOrdered: boolean): Promise<void> {
  const sights = await settle(it.world, readAll(it));
  const places = new Map<number, string[]>();
  for (const { key, ordinal, place } of sights) {
    assert.equal(it.puts[ordinal]?.key, key, 'a record that nobody put');
    places.set(ordinal, [...(places.get(ordinal) ?? []), place]);
  }
  for (const { key, ordinal, result } of it.puts) {
    const found = places.get(ordinal) ?? [];
    if (!it.mayRepeat) assert.ok(found.length <= 1, `${key} ${ordinal} stands at ${found.join(', ')}`);
    if (result === undefined) continue;
    const place = `${result.shardId} ${result.sequenceNumber}`;
    assert.ok(found.includes(place), `${key} ${ordinal} is not at ${place}, but at ${found.join(', ')}`);
  }
  if (!isOrdered) return;
  const last = new Map<string, number>();
  for (const ordinal of places.keys()) {
    const { key, result } = it.puts[ordinal]!;
    if (result === undefined) continue;
    assert.ok(ordinal > (last.get(key) ?? -1), `${key}: ${ordinal} stands behind ${last.get(key)}`);
    last.set(key, ordinal);
  }
}

/** Every record in the shard where KCL looks for it, parents before their children. */
async function readAll({ streams }: Story): Promise<Sight[]> {
  const sights: Sight[] = [];
  interface Listed {
    Shards: { ShardId: string; HashKeyRange: { StartingHashKey: string; EndingHashKey: string } }[];
  }
  interface Page {
    Records: { PartitionKey: string; Data: string; SequenceNumber: string }[];
    NextShardIterator?: string;
    MillisBehindLatest: number;
  }
  const { Shards: shards } = (await streams.call('ListShards', { StreamName: 's' })) as unknown as Listed;
  for (const { ShardId, HashKeyRange: range } of shards) {
    const within = { startingHashKey: BigInt(range.StartingHashKey), endingHashKey: BigInt(range.EndingHashKey) };
    const from = { StreamName: 's', ShardId, ShardIteratorType: 'TRIM_HORIZON' };
    let { ShardIterator: next } = (await streams.call('GetShardIterator', from)) as { ShardIterator?: string };
    while (next !== undefined) {
      const page = (await streams.call('GetRecords', { ShardIterator: next })) as unknown as Page;
      for (const { PartitionKey, Data, SequenceNumber } of page.Records)
        for (const { data } of deaggregate(
          { partitionKey: PartitionKey, data: Buffer.from(Data, 'base64') },
          { within },
        )) {
          const [key, ordinal] = Buffer.from(data).toString().split(' ');
          sights.push({ key: key!, ordinal: Number(ordinal), place: `${ShardId} ${SequenceNumber}` });
        }
      next = page.MillisBehindLatest === 0 ? undefined : page.NextShardIterator;
    }
  }
  return sights;
}
