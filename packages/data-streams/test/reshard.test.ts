import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import fc from 'fast-check';
import { planEvenShards } from '../src/reshard/plan.ts';
import { changes } from '../src/changes.ts';
import { streamsMachine } from '../src/machine.ts';
import { evenRanges, largestHash, openShards } from '../src/shards.ts';
import type { Stream, StreamsState } from '../src/state.ts';
import { testService } from './support.ts';
import type { TestService } from './support.ts';

const key = '000000000000:us-east-1:s';

/** A state with one ACTIVE stream of `count` shards. */
function stateWith(count: number): { state: StreamsState; stream: Stream } {
  const state = streamsMachine.initial();
  changes.CreateStream.apply(state, {
    type: 'CreateStream',
    atMs: 1_700_000_000_000,
    dueMs: 0,
    account: '000000000000',
    region: 'us-east-1',
    name: 's',
    id: 'x',
    mode: 'PROVISIONED',
    shardCount: count,
    tags: {},
    maxRecordSizeKiB: 1024,
    warmThroughputMiBps: undefined,
    recordDistribution: 'USER_PARTITION_KEY',
    shardQuota: 20_000,
    limited: false,
  });
  changes.FinishPending.apply(state, { type: 'FinishPending', atMs: 1_700_000_000_000, stream: key });
  return { state, stream: state.streams.get(key)! };
}

/** Carries out all pending steps as the service does. */
function runSteps(state: StreamsState, stream: Stream, atMs: number): void {
  while (stream.pending?.type === 'reshard') {
    const step = stream.pending.steps[0]!;
    const parents = (step.type === 'split' ? [step.shard] : [step.shard, step.adjacent]).map((shard) => ({
      shard,
      endIndex: 10,
    }));
    changes.CompleteReshardStep.apply(state, { type: 'CompleteReshardStep', atMs, stream: key, parents });
  }
}

/** Open shards cover the space once; every shard but the first ones has parents that are closed and older. */
function checkShards(stream: Stream, first: number): void {
  const open = openShards(stream).sort((a, b) => (a.startHash < b.startHash ? -1 : 1));
  let next = 0n;
  for (const { startHash, endHash } of open) {
    assert.equal(startHash, next);
    next = endHash + 1n;
  }
  assert.equal(next, largestHash + 1n);
  for (const shard of stream.shards.values()) {
    if (shard.number < first) continue;
    const parent = stream.shards.get(shard.parent!)!;
    assert.ok(parent.closed !== undefined && parent.createdSecond < shard.createdSecond);
    if (shard.adjacentParent !== undefined) assert.ok(stream.shards.get(shard.adjacentParent)!.closed !== undefined);
  }
}

test('UpdateShardCount from every n to every m up to 8, and to 1,000, ends in even shards that cover the space', () => {
  const pairs = Array.from({ length: 64 }, (_, index) => [Math.floor(index / 8) + 1, (index % 8) + 1]).concat([
    [500, 1000],
    [1000, 500],
    [7, 13],
  ]);
  for (const [from, to] of pairs as [number, number][]) {
    const { state, stream } = stateWith(from);
    const steps = planEvenShards(stream, to);
    assert.equal(steps.length === 0, from === to);
    stream.pending = steps.length === 0 ? undefined : { type: 'reshard', dueMs: 0, steps };
    runSteps(state, stream, 1_700_000_000_000);
    checkShards(stream, from);
    const starts = openShards(stream)
      .map(({ startHash }) => startHash)
      .sort((a, b) => (a < b ? -1 : 1));
    assert.deepEqual(
      starts,
      evenRanges(to).map(({ startHash }) => startHash),
      `${from} to ${to}`,
    );
  }
});

test('random splits, merges and updates never leave a gap, an overlap or an orphan', () => {
  const action = fc.record({
    kind: fc.constantFrom('split', 'merge', 'even'),
    pick: fc.nat(),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), fc.array(action, { maxLength: 25 }), (count, actions) => {
      const { state, stream } = stateWith(count);
      let atMs = 1_700_000_000_000;
      for (const { kind, pick, at } of actions) {
        atMs += 100;
        const open = openShards(stream).sort((a, b) => (a.startHash < b.startHash ? -1 : 1));
        const shard = open[pick % open.length]!;
        const target = Math.max(1, Math.ceil(open.length * (0.5 + at * 1.5)));
        const hash = shard.startHash + (shard.endHash - shard.startHash) / BigInt(2 + Math.floor(at * 10));
        const wish =
          kind === 'split'
            ? ({ kind, shard: shard.number, newStartingHash: String(hash) } as const)
            : kind === 'merge'
              ? ({ kind, shard: shard.number, adjacent: open[(pick + 1) % open.length]!.number } as const)
              : ({ kind: 'even', target: Math.min(target, open.length * 2), limited: false } as const);
        const outcome = streamsMachine.apply(state, {
          type: 'BeginReshard',
          atMs,
          dueMs: atMs,
          stream: key,
          wish,
          shardQuota: undefined,
        });
        if ('refused' in outcome) assert.equal(outcome.refused.code, 'InvalidArgumentException');
        if (stream.pending?.type === 'activate')
          changes.FinishPending.apply(state, { type: 'FinishPending', atMs, stream: key });
        runSteps(state, stream, atMs);
        checkShards(stream, count);
        // What is saved and restored is the same state.
        const saved = JSON.stringify(streamsMachine.snapshot(state));
        assert.equal(JSON.stringify(streamsMachine.snapshot(streamsMachine.restore(JSON.parse(saved)))), saved);
      }
    }),
    { numRuns: 200 },
  );
});

let streams: TestService;
beforeEach(async () => {
  streams = await testService();
});
afterEach(() => streams.stop());

test('records put while shards split and merge are stored once each, in order per key, and read through parents and children', async () => {
  await streams.call('CreateStream', { StreamName: 's', ShardCount: 2 });
  await streams.untilActive('s');
  const keys = Array.from({ length: 20 }, (_, n) => `key-${n}`);
  let round = 0;
  let isDone = false;
  const putting = (async () => {
    for (; !isDone; round += 1) {
      const records = keys.map((PartitionKey) => ({
        PartitionKey,
        Data: Buffer.from(String(round)).toString('base64'),
      }));
      const answer = await streams.call('PutRecords', { StreamName: 's', Records: records });
      assert.equal(answer['FailedRecordCount'], 0);
    }
  })();
  for (const count of [4, 3, 6, 3, 2, 1]) {
    await streams.call('UpdateShardCount', {
      StreamName: 's',
      TargetShardCount: count,
      ScalingType: 'UNIFORM_SCALING',
    });
    await streams.untilActive('s');
  }
  isDone = true;
  await putting;
  assert.ok(round > 5, `${round} rounds`);
  const seen = await readTree(streams, 's');
  for (const name of keys) assert.deepEqual(seen.get(name), [...Array(round).keys()], name);
});

/** Reads all shards, a child after its parents, by GetRecords. */
async function readTree(from: TestService, stream: string): Promise<Map<string, number[]>> {
  const seen = new Map<string, number[]>();
  const { Shards: shards } = (await from.call('ListShards', { StreamName: stream })) as {
    Shards: { ShardId: string }[];
  };
  for (const { ShardId } of shards) {
    const start = await from.call('GetShardIterator', {
      StreamName: stream,
      ShardId,
      ShardIteratorType: 'TRIM_HORIZON',
    });
    let iterator = start['ShardIterator'] as string | undefined;
    while (iterator !== undefined) {
      const page = (await from.call('GetRecords', { ShardIterator: iterator, Limit: 7 })) as {
        Records: { PartitionKey: string; Data: string }[];
        NextShardIterator?: string;
        MillisBehindLatest: number;
        ChildShards?: object[];
      };
      for (const { PartitionKey, Data } of page.Records) {
        const list = seen.get(PartitionKey) ?? [];
        list.push(Number(Buffer.from(Data, 'base64').toString()));
        seen.set(PartitionKey, list);
      }
      iterator = page.NextShardIterator;
      if (iterator === undefined) assert.ok(page.ChildShards!.length > 0);
      else if (page.Records.length === 0 && page.MillisBehindLatest === 0) break;
    }
  }
  return seen;
}

test('a reshard that a restart interrupts is finished after it', async () => {
  await streams.stop();
  streams = await testService({ transitionMs: 300 });
  await streams.call('CreateStream', { StreamName: 's', ShardCount: 1 });
  await streams.untilActive('s');
  await streams.call('PutRecord', { StreamName: 's', PartitionKey: 'a', Data: 'MA==' });
  await streams.call('SplitShard', {
    StreamName: 's',
    ShardToSplit: 'shardId-0',
    NewStartingHashKey: String(2n ** 127n),
  });
  streams = await streams.restart();
  await streams.untilActive('s');
  const { Shards: shards } = (await streams.call('ListShards', { StreamName: 's' })) as { Shards: object[] };
  assert.equal(shards.length, 3);
});
