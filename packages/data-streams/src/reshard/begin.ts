import type { Change } from '../change.ts';
import { dayMs } from '../encryption.ts';
import { couldNotFindShard, invalidArgument, limitExceeded, notActive } from '../errors.ts';
import { shardQuotaExceeded } from '../operations/create-stream.ts';
import { accountShardCount, openShardCount } from '../shards.ts';
import { shardId } from '../shard-id.ts';
import { AwsError } from '@millrace/model';
import type { StreamCommand } from '../stream-change.ts';
import type { ReshardStep, Shard, Stream } from '../state.ts';
import { streamAt } from '../stream-lookup.ts';
import { planEvenShards, planForCapacity, planSplits } from './plan.ts';

type Wish =
  | { readonly kind: 'split'; readonly shard: number; readonly newStartingHash: string }
  | { readonly kind: 'merge'; readonly shard: number; readonly adjacent: number }
  | { readonly kind: 'even'; readonly target: number; readonly limited: boolean }
  | { readonly kind: 'grow'; readonly target: number; readonly hotShards: readonly number[] };

/** SplitShard, MergeShards, UpdateShardCount and the growth of on-demand streams. */
export interface BeginReshardCommand extends StreamCommand {
  readonly type: 'BeginReshard';
  readonly wish: Wish;
  readonly shardQuota: number | undefined;
}

export interface ReshardOutcome {
  readonly currentShardCount: number;
}

/** Checks the wish in AWS's order and words (recorded for splits and merges), plans its steps and sets the stream UPDATING. */
export const beginReshardChange: Change<BeginReshardCommand, ReshardOutcome> = {
  type: 'BeginReshard',
  apply(state, { stream: key, wish, shardQuota, atMs, dueMs }) {
    const stream = streamAt(state, key);
    if (stream.status !== 'ACTIVE') throw notActive(stream);
    const steps = planWish(stream, wish, atMs);
    const present = accountShardCount(state, stream.account, stream.region);
    const added =
      steps.filter(({ type }) => type === 'split').length - steps.filter(({ type }) => type === 'merge').length;
    if (shardQuota !== undefined && added > 0 && present + added > shardQuota) {
      throw shardQuotaExceeded({ account: stream.account, region: stream.region, present, shardQuota, added });
    }
    const currentShardCount = openShardCount(stream);
    if (wish.kind === 'even')
      stream.recentShardCountUpdatesMs = [
        ...stream.recentShardCountUpdatesMs.filter((time) => time > atMs - dayMs),
        atMs,
      ];
    if (steps.length === 0 && wish.kind === 'grow') return { currentShardCount };
    stream.status = 'UPDATING';
    stream.pending = steps.length === 0 ? { type: 'activate', dueMs } : { type: 'reshard', dueMs, steps };
    return { currentShardCount };
  },
};

function planWish(stream: Stream, wish: Wish, atMs: number): ReshardStep[] {
  if (wish.kind === 'split') return [checkSplit(stream, wish.shard, wish.newStartingHash)];
  if (wish.kind === 'merge') return [checkMerge(stream, wish.shard, wish.adjacent)];
  if (wish.kind === 'grow')
    return wish.hotShards.length > 0 ? planSplits(stream, wish.hotShards) : planForCapacity(stream, wish.target);
  checkTarget(
    stream,
    wish.target,
    wish.limited ? stream.recentShardCountUpdatesMs.filter((time) => time > atMs - dayMs).length : 0,
    wish.limited,
  );
  return planEvenShards(stream, wish.target);
}

function shardOf(stream: Stream, number: number): Shard {
  const shard = stream.shards.get(number);
  if (shard === undefined) throw couldNotFindShard(shardId(number), stream);
  return shard;
}

function checkSplit(stream: Stream, number: number, newStartingHash: string): ReshardStep {
  const shard = shardOf(stream, number);
  const { name, account } = stream;
  if (shard.closed !== undefined) throw closed(stream, number);
  const hash = BigInt(newStartingHash);
  if (hash <= shard.startHash + 1n || hash >= shard.endHash) {
    throw invalidArgument(
      `NewStartingHashKey ${newStartingHash} used in SplitShard() on shard ${shardId(number)} in stream ${name} under account ${account} is not both greater than ` +
        `one plus the shard's StartingHashKey ${shard.startHash} and less than the shard's EndingHashKey ${shard.endHash}.`,
    );
  }
  return { type: 'split', shard: number, newStartingHash: hash };
}

function checkMerge(stream: Stream, number: number, adjacentNumber: number): ReshardStep {
  const shard = shardOf(stream, number);
  const adjacent = shardOf(stream, adjacentNumber);
  for (const one of [shard, adjacent]) if (one.closed !== undefined) throw closed(stream, one.number);
  if (shard.endHash + 1n !== adjacent.startHash) {
    throw invalidArgument(
      `Shards ${shardId(number)} and ${shardId(adjacentNumber)} in stream ${stream.name} under account ${stream.account} are not an adjacent pair of shards eligible for merging`,
    );
  }
  return { type: 'merge', shard: number, adjacent: adjacentNumber };
}

/** Text not recorded. */
function closed(stream: Stream, number: number): AwsError {
  return invalidArgument(
    `Shard ${shardId(number)} in stream ${stream.name} under account ${stream.account} is closed and cannot be split or merged.`,
  );
}

const updatesPerDay = 10;
const largestTarget = 10_000;

/** Texts not recorded; the bounds are the documentation's. */
function checkTarget(stream: Stream, target: number, recent: number, limited: boolean): void {
  const { name, account } = stream;
  const current = openShardCount(stream);
  if (stream.mode === 'ON_DEMAND') {
    throw new AwsError(
      'ValidationException',
      `UpdateShardCount is only supported for streams in PROVISIONED mode. Stream ${name} under account ${account} is in ON_DEMAND mode.`,
    );
  }
  if (target > current * 2)
    throw invalidArgument(
      `UpdateShardCount cannot scale up over double your current open shard count. Current open shard count: ${current} Target shard count: ${target}`,
    );
  if (target < current / 2)
    throw invalidArgument(
      `UpdateShardCount cannot scale down below half your current open shard count. Current open shard count: ${current} Target shard count: ${target}`,
    );
  if (!limited) return;
  if (target > largestTarget)
    throw limitExceeded(`UpdateShardCount cannot scale a stream beyond ${largestTarget} shards.`);
  if (recent >= updatesPerDay)
    throw limitExceeded(
      `UpdateShardCount can be called at most ${updatesPerDay} times in 24 hours for stream ${name} under account ${account}.`,
    );
}
