/**
 * Mappings of a stream on a disk that loses power, to functions that fail, hang, cannot be reached and do their work without
 * saying so; the stream is resharded, the clock stepped, and at moments that the seed draws everything stops and starts again.
 * Whatever happens: every record that was acknowledged is processed by each function or told to its failure destination, and a
 * partition key's records are processed in order. Events that were taken run.
 */
import assert from 'node:assert/strict';
import { functionOperations } from '@millrace/functions';
import type { Call, FailureDestinations, Invoked, Invoker, SourceShard } from '@millrace/functions';
import { AwsError } from '@millrace/model';
import { simulatedWorld } from '@millrace/world';
import type { SimulatedWorld } from '@millrace/world';
import { openTestFunctions } from '../../packages/functions/test/support.ts';
import type { TestFunctions } from '../../packages/functions/test/support.ts';
import { settle } from './settle.ts';

const context = { requestId: 'r', account: '000000000000', region: 'us-east-1' };
const streamArn = 'arn:aws:kinesis:us-east-1:000000000000:stream/s';
const destination = 'arn:aws:kinesis:us-east-1:000000000000:stream/told';
const keys = ['a', 'b', 'c', 'd', 'e'];
const lastHash = 2n ** 128n - 1n;

/** A record's data: its key and its number, which rises by key. */
type Name = `${string} ${number}`;

const mappings = {
  steady: { ParallelizationFactor: 3, BatchSize: 7 },
  limited: {
    BatchSize: 5,
    ParallelizationFactor: 2,
    MaximumRetryAttempts: 1,
    BisectBatchOnFunctionError: true,
    MaximumRecordAgeInSeconds: 300,
    DestinationConfig: { OnFailure: { Destination: destination } },
  },
  reporting: { BatchSize: 4, MaximumBatchingWindowInSeconds: 1, FunctionResponseTypes: ['ReportBatchItemFailures'] },
} as const;
type FunctionName = keyof typeof mappings;
const names = Object.keys(mappings) as FunctionName[];

/** What outlives every crash: what has happened outside of the server. */
class Outside {
  readonly acknowledged: Name[] = [];
  /** In the order in which each was processed first. */
  readonly processed = new Map<string, Set<string>>();
  readonly told = new Set<string>();
  readonly events = new Set<number>();
  readonly eventsDone = new Set<number>();
  readonly shards: (Omit<SourceShard, 'endIndex'> & { endIndex: number | undefined })[] = [];
  readonly numbers = new Map<string, number>();
  isCalm = false;

  addShard(parents: readonly number[]): void {
    const logId = this.shards.length + 1;
    this.shards.push({
      logId,
      parents,
      shardId: `shardId-${logId}`,
      endIndex: undefined,
      hashKeys: { startingHashKey: 0n, endingHashKey: lastHash },
      sequenceNumber: (index) => `${logId}${String(index).padStart(12, '0')}`,
    });
  }

  process(name: string, records: readonly string[]): void {
    let done = this.processed.get(name);
    if (done === undefined) this.processed.set(name, (done = new Set()));
    for (const record of records) done.add(record);
  }

  missing(name: FunctionName): string[] {
    const done = this.processed.get(name) ?? new Set();
    return this.acknowledged.filter((record) => !done.has(record) && !(name === 'limited' && this.told.has(record)));
  }
}

const nothing = Buffer.alloc(0);
const failed: Invoked = { payload: Buffer.from('{}'), functionError: 'Unhandled', logTail: nothing };
const isPoison = (record: string): boolean => Number(record.split(' ')[1]) % 13 === 5;

function playedInvoker(world: SimulatedWorld, outside: Outside): Invoker {
  const wait = (ms: number): Promise<void> => new Promise((resolve) => void world.clock.setTimer(ms, resolve));
  const answer = (value: unknown): Invoked => ({
    ...failed,
    payload: Buffer.from(JSON.stringify(value)),
    functionError: undefined,
  });
  return {
    async invoke({ runnable, payload }: Call) {
      await wait(world.draw(30));
      const event = JSON.parse(payload.toString()) as { Records: { kinesis: Record<string, string> }[] } | number;
      const fate = outside.isCalm ? 9 : world.draw(10);
      if (fate === 0) throw new AwsError('ServiceException', 'not reached', 502);
      if (fate === 1) return failed;
      if (fate === 2) {
        await wait(5000);
        return failed;
      }
      if (typeof event === 'number') {
        outside.eventsDone.add(event);
        return answer(null);
      }
      const texts = event.Records.map(({ kinesis }) => Buffer.from(kinesis['data']!, 'base64').toString());
      if (runnable.name === 'limited' && texts.some(isPoison)) return failed;
      if (runnable.name === 'reporting' && fate === 3) {
        const at = world.draw(texts.length);
        outside.process(runnable.name, texts.slice(0, at));
        return answer({ batchItemFailures: [{ itemIdentifier: event.Records[at]!.kinesis['sequenceNumber'] }] });
      }
      outside.process(runnable.name, texts);
      if (fate === 4) throw new AwsError('ServiceException', 'the answer was lost', 502);
      return answer(null);
    },
    retire: () => undefined,
    metrics: () => ({}),
    stop: () => Promise.resolve(),
  };
}

function playedDestinations(world: SimulatedWorld, outside: Outside): FailureDestinations {
  return {
    problem: () => undefined,
    async send(_destination, { textWithPayload }) {
      if (!outside.isCalm && world.draw(3) === 0) throw new Error('not there');
      const { payload } = JSON.parse(textWithPayload) as { payload: string };
      const { Records } = JSON.parse(payload) as { Records: { kinesis: { data: string } }[] };
      for (const { kinesis } of Records) outside.told.add(Buffer.from(kinesis.data, 'base64').toString());
    },
  };
}

type Life = TestFunctions;

function open(world: SimulatedWorld, outside: Outside): Promise<Life> {
  return openTestFunctions({
    world,
    names: [...names, 'events'],
    invoker: playedInvoker(world, outside),
    sources: {
      find: () => ({ id: 'one', arn: streamArn, retentionMs: 86_400_000, shards: outside.shards }),
    },
    destinations: playedDestinations(world, outside),
    async claim(log) {
      for (const { logId, endIndex } of outside.shards) {
        await log.create(logId);
        if (endIndex !== undefined) await log.close(logId);
      }
    },
  });
}

/** Puts one record after the other for a key, wherever the key's shard is now; ends with the life. */
async function write(world: SimulatedWorld, outside: Outside, { log }: Life, key: string): Promise<void> {
  for (let count = 0; count < 25; count += 1) {
    const shards = outside.shards.filter(({ endIndex }) => endIndex === undefined);
    const shard = shards[keys.indexOf(key) % Math.max(1, shards.length)];
    const number = outside.numbers.get(key) ?? 0;
    if (shard !== undefined) {
      outside.numbers.set(key, number + 1);
      const record: Name = `${key} ${number}`;
      const outcome = await log
        .append(shard.logId, [{ partitionKey: key, data: Buffer.from(record) }], 0)
        .catch(() => 'closed' as const);
      if (outcome !== 'closed') outside.acknowledged.push(record);
    }
    await new Promise<void>((resolve) => void world.clock.setTimer(world.draw(200), resolve));
  }
}

async function reshard(outside: Outside, { log }: Life): Promise<void> {
  const open = outside.shards.filter(({ endIndex }) => endIndex === undefined);
  // A split of the one, or a merge of the two.
  for (const shard of open) shard.endIndex = await log.close(shard.logId);
  const parents = open.map(({ logId }) => logId);
  for (let count = open.length === 1 ? 2 : 1; count > 0; count -= 1) outside.addShard(parents);
  for (const { logId, endIndex } of outside.shards) if (endIndex === undefined) await log.create(logId);
}

async function invokeEvents(world: SimulatedWorld, outside: Outside, { functions }: Life): Promise<void> {
  for (let count = 0; count < 10; count += 1) {
    const number = world.draw(1_000_000);
    const input = { FunctionName: 'events', InvocationType: 'Event', Payload: Buffer.from(String(number)) } as const;
    await functionOperations.Invoke(functions.service, input, context);
    outside.events.add(number);
  }
}

export async function story(seed: number): Promise<void> {
  const world = simulatedWorld(seed);
  const outside = new Outside();
  outside.addShard([]);
  let life = await settle(world, open(world, outside));
  for (const name of names) {
    const input = {
      ...mappings[name],
      FunctionName: name,
      EventSourceArn: streamArn,
      StartingPosition: 'TRIM_HORIZON',
    };
    await settle(
      world,
      Promise.resolve(functionOperations.CreateEventSourceMapping(life.functions.service, input as never, context)),
    );
  }
  for (let lives = 0; lives < 4; lives += 1) {
    for (const key of keys) void write(world, outside, life, key);
    void invokeEvents(world, outside, life).catch(() => undefined);
    await world.run({ forMs: 200 + world.draw(5000) });
    if (world.draw(2) === 0) await settle(world, reshard(outside, life));
    world.stepClock(world.draw(10_000) - 5000);
    if (world.draw(3) === 0) world.disk.faults = { writeFails: () => world.draw(60) === 0 };
    await world.run({ forMs: 200 + world.draw(20_000) });
    world.disk.faults = {};
    world.crash();
    life = await settle(world, open(world, outside));
  }
  outside.isCalm = true;
  const isDone = (): boolean =>
    names.every((name) => outside.missing(name).length === 0) &&
    [...outside.events].every((event) => outside.eventsDone.has(event));
  await world.run({ forMs: 7_200_000, stop: isDone });
  for (const name of names) {
    assert.deepEqual(outside.missing(name), [], `records that ${name} has not processed`);
    for (const key of keys) {
      // One that was given up may come again after a crash, late.
      const done = [...(outside.processed.get(name) ?? [])].filter(
        (record) => record.startsWith(`${key} `) && !(name === 'limited' && outside.told.has(record)),
      );
      const numbers = done.map((record) => Number(record.split(' ')[1]));
      assert.deepEqual(
        numbers,
        numbers.toSorted((a, b) => a - b),
        `order of ${key} in ${name}`,
      );
    }
  }
  assert.deepEqual(
    [...outside.events].filter((event) => !outside.eventsDone.has(event)),
    [],
    'events that did not run',
  );
  await settle(world, life.functions.stop());
}
