import { consume, PoisonRecord } from '@millrace/consumer';
import type { Consumer, ConsumerBehaviour, ConsumerEvent, Lease, LeaseChange, LeaseStore } from '@millrace/consumer';
import type { SimulatedWorld } from '@millrace/world';
import type { TestService } from '../../packages/data-streams/test/support.ts';

export const failoverMs = 2000;

/** What a story may bring upon its workers. */
export interface Weather {
  /** The processor fails now and then, and the lease store fails before and after it has written. */
  readonly hasFailures: boolean;
  /** Workers stand still, for longer than their leases live. */
  readonly hasPauses: boolean;
  readonly initialPosition: 'TRIM_HORIZON' | 'LATEST';
}

/** An application and the world it lives in. */
export interface Application {
  readonly world: SimulatedWorld;
  readonly streams: TestService;
  readonly leases: LeaseStore;
  readonly weather: Weather;
  /** The names of what is read. One: as an application of one stream has it. */
  readonly read: readonly string[];
  /** Those of them that workers are told to leave alone for now. */
  readonly left: Set<string>;
  /** By key: the ordinals in the order they were processed in. */
  readonly seen: Map<string, number[]>;
  /** Records that stand in the dead-letter stream, as KEY:ORDINAL. */
  readonly dead: Set<string>;
  readonly checkpoints: Map<string, { sequenceNumber: string; subSequenceNumber: number }>;
  /** Who processes a shard now, by lease. */
  readonly busy: Map<string, Set<Busy>>;
  /** What must never be. An assertion within a worker would be one more failure that it lives through. */
  readonly violations: string[];
  /** What the workers told, and when. */
  readonly events: { readonly event: ConsumerEvent; readonly atMs: number }[];
}

export interface Worker {
  readonly consumer: Consumer;
  readonly state: WorkerState;
}

interface Busy {
  readonly signal: AbortSignal;
  readonly state: WorkerState;
}

interface WorkerState {
  /** Until when nothing it does goes on. */
  pausedUntilMs: number;
  /** Until when it does not reach the lease store. */
  cutOffUntilMs: number;
  isDead: boolean;
}

let workers = 0;

export function startWorker(it: Application): Worker {
  const { world, weather } = it;
  const state: WorkerState = { pausedUntilMs: 0, cutOffUntilMs: 0, isDead: false };
  /** What a worker that is paused or dead asks for goes on when it does. */
  const awake = async (): Promise<void> => {
    for (;;) {
      const left = state.isDead ? Infinity : state.pausedUntilMs - world.clock.monotonicMs();
      if (left === Infinity) return new Promise(() => undefined);
      if (left <= 0) return;
      await sleep(world, left);
    }
  };
  const workerId = `worker-${(workers += 1)}`;
  const consumer = consume({
    ...(it.read.length === 1
      ? { stream: it.read[0]! }
      : { streams: () => it.read.filter((name) => !it.left.has(name)) }),
    client: clientOf(it, awake),
    leases: storeOf(it, { awake, state, workerId }),
    workerId,
    initialPosition: weather.initialPosition,
    failoverMs,
    idleMs: 100,
    shardSyncMs: 5000,
    handOverMs: 5000,
    deadLetterStream: 'dead',
    world,
    onEvent: (event) => void it.events.push({ event, atMs: world.clock.monotonicMs() }),
    onError: (error) => (error instanceof PoisonRecord ? 'dead-letter' : 'retry'),
    processor: async (records, { stream, shardId, signal }) => {
      await awake();
      const leave = enter(it, `${stream}/${shardId}`, { signal, state });
      try {
        await processThem(it, records, awake);
      } finally {
        leave();
      }
    },
  });
  return { consumer, state };
}

async function processThem(
  { world, seen, weather }: Application,
  records: Parameters<ConsumerBehaviour['processor']>[0],
  awake: () => Promise<void>,
): Promise<void> {
  for (const record of records) {
    const { partitionKey, data } = record;
    const text = Buffer.from(data).toString();
    if (text.startsWith('poison')) throw new PoisonRecord(record, new Error('no'));
    const ordinals = seen.get(partitionKey) ?? [];
    ordinals.push(Number(text));
    seen.set(partitionKey, ordinals);
  }
  // Now and then long enough for leases to move meanwhile, and at times for longer than they live.
  await sleep(world, world.draw(12) === 0 ? world.draw(2 * failoverMs) : world.draw(30));
  await awake();
  if (weather.hasFailures && world.draw(40) === 0) throw new Error('the processor fails now and then');
}

/** Nobody else may be in the shard who does not know yet that it is lost; a worker that stands still cannot know. */
function enter({ busy, weather, violations }: Application, shard: string, one: Busy): () => void {
  const there = busy.get(shard) ?? new Set();
  busy.set(shard, there);
  for (const other of there) if (other.signal.aborted || other.state.isDead) there.delete(other);
  if (!weather.hasPauses && there.size > 0) violations.push(`${shard}: two workers process it at once`);
  there.add(one);
  return () => void there.delete(one);
}

function sleep(world: SimulatedWorld, ms: number): Promise<void> {
  return new Promise((resolve) => void world.clock.setTimer(ms, resolve));
}

async function delay(world: SimulatedWorld, awake: () => Promise<void>): Promise<void> {
  await sleep(world, 1 + world.draw(10));
  await awake();
}

/** The real service, called as a client would call it, a little later. */
function clientOf({ world, streams, dead }: Application, awake: () => Promise<void>): ConsumerBehaviour['client'] {
  const send = async (command: { input: object }): Promise<unknown> => {
    await delay(world, awake);
    const name = command.constructor.name.replace(/Command$/, '');
    const { Records, ...input } = command.input as { Records?: { PartitionKey: string; Data: Uint8Array }[] };
    const put = Records?.map((one) => ({ ...one, Data: Buffer.from(one.Data).toString('base64') }));
    const answer = (await streams.call(name, put === undefined ? input : { ...input, Records: put })) as {
      Records?: { Data: string }[];
    };
    for (const { PartitionKey, Data } of Records ?? [])
      dead.add(`${PartitionKey}:${Buffer.from(Data).toString().replace('poison ', '')}`);
    await delay(world, awake);
    if (answer.Records === undefined || name !== 'GetRecords') return answer;
    return { ...answer, Records: answer.Records.map((one) => ({ ...one, Data: Buffer.from(one.Data, 'base64') })) };
  };
  return { send: send as never };
}

/** A store that is slow, that fails before and after it has written, and that watches over what is written. */
function storeOf(
  it: Application,
  { awake, state, workerId }: { awake: () => Promise<void>; state: WorkerState; workerId: string },
): LeaseStore {
  const { world, leases, weather } = it;
  const through = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    await delay(world, awake);
    if (state.cutOffUntilMs > world.clock.monotonicMs()) throw new Error('the store is out of reach');
    if (weather.hasFailures && world.draw(30) === 0) throw new Error('the store fails');
    const result = await work();
    await delay(world, awake);
    if (weather.hasFailures && world.draw(60) === 0) throw new Error('the answer is lost');
    return result;
  };
  const update = async (lease: Lease, change: LeaseChange): Promise<Lease | undefined> => {
    const before = await leases.get(lease.leaseKey);
    const next = await leases.update(lease, change);
    if (next !== undefined && change.checkpoint !== undefined) {
      const writer = before!.checkpointOwner ?? before!.owner;
      if (writer !== workerId) it.violations.push(`${lease.leaseKey} of ${writer} is checkpointed by ${workerId}`);
      checkForward(it, lease.leaseKey, change.checkpoint);
    }
    return next;
  };
  return {
    prepare: () => leases.prepare(),
    list: () => through(() => leases.list()),
    get: (leaseKey) => through(() => leases.get(leaseKey)),
    requestHandOver: (lease, newOwner) => through(() => leases.requestHandOver(lease, newOwner)),
    create: (lease) => through(() => leases.create(lease)),
    remove: (lease) => through(() => leases.remove(lease)),
    update: (lease, change) => through(() => update(lease, change)),
  };
}

function checkForward(
  { checkpoints, violations }: Application,
  leaseKey: string,
  after: { readonly sequenceNumber: string; readonly subSequenceNumber: number },
): void {
  const before = checkpoints.get(leaseKey);
  checkpoints.set(leaseKey, after);
  if (before === undefined || after.sequenceNumber === 'SHARD_END') return;
  const difference =
    before.sequenceNumber === 'SHARD_END' ? -1n : BigInt(after.sequenceNumber) - BigInt(before.sequenceNumber);
  const isForward = difference > 0n || (difference === 0n && after.subSequenceNumber >= before.subSequenceNumber);
  if (!isForward) violations.push(`${leaseKey}: from ${before.sequenceNumber} back to ${after.sequenceNumber}`);
}
