import { hash } from 'node:crypto';
import { invalidArgument } from './errors.ts';
import { upperHashOf } from './partition-key-hash.ts';
import { openShards } from './shards.ts';
import type { Shard, Stream } from './state.ts';

/**
 * Which open shard takes a record: the one whose hash range holds the MD5 of its partition key, or its ExplicitHashKey.
 *
 * Both are compared as doubles first, and whole only where the doubles are equal: no record costs a BigInt but one that lies
 * on (or within 2^-52 of the space from) the start of a range.
 */
export interface Routes {
  /** The open shards in order of their ranges. */
  readonly shards: readonly Shard[];
  /** The upper 52 bits of each shard's start. */
  readonly uppers: Float64Array;
  /** Each shard's start rounded to a double: rounding keeps the order, so two that differ decide. */
  readonly rounded: Float64Array;
  /** Scratch for who groups records: by shard, the place of its group in the last request that had one. */
  readonly groupAt: Uint16Array;
  /** Which shard takes the next record of a stream that distributes by itself. */
  turn: number;
}

const lowerBits = 128n - 52n;
const keySpace = 2 ** 128;
const cached = new WeakMap<
  Stream,
  { readonly shardCount: number; readonly keptCount: number; readonly routes: Routes }
>();

/** The open shards in order of their ranges, made again when a shard opened or closed. */
export function routesOf(stream: Stream): Routes {
  const known = cached.get(stream);
  // A reshard always adds a shard, and shards are only taken away when closed: the two counts change with every change.
  if (known !== undefined && known.shardCount === stream.nextShardNumber && known.keptCount === stream.shards.size)
    return known.routes;
  const shards = openShards(stream).sort((a, b) => (a.startHash < b.startHash ? -1 : 1));
  const routes: Routes = {
    shards,
    uppers: Float64Array.from(shards, ({ startHash }) => Number(startHash >> lowerBits)),
    rounded: Float64Array.from(shards, ({ startHash }) => Number(startHash)),
    groupAt: new Uint16Array(shards.length),
    turn: 0,
  };
  cached.set(stream, { shardCount: stream.nextShardNumber, keptCount: stream.shards.size, routes });
  return routes;
}

/** Position of the last start that is not above `key`; the first start is 0, so there is one. */
function lastNotAbove(starts: Float64Array, key: number): number {
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (starts[middle]! <= key) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Position in `routes.shards` of the shard that takes a partition key. */
export function routePartitionKey(routes: Routes, partitionKey: string): number {
  const { shards, uppers } = routes;
  if (shards.length === 1) return 0;
  const upper = upperHashOf(partitionKey);
  const at = lastNotAbove(uppers, upper);
  if (uppers[at] !== upper) return at;
  return stepBack(shards, at, BigInt(`0x${hash('md5', partitionKey, 'hex')}`));
}

/** The same for an ExplicitHashKey: a decimal number within the key space, see `checkExplicitHashKey`. */
export function routeExplicitHashKey(routes: Routes, explicitHashKey: string): number {
  const { shards, rounded } = routes;
  if (shards.length === 1) return 0;
  const key = Number(explicitHashKey);
  const at = lastNotAbove(rounded, key);
  return rounded[at] === key ? stepBack(shards, at, BigInt(explicitHashKey)) : at;
}

/** Position of the shard whose turn it is: AUTO distribution looks at no key and fills all shards evenly. */
export function takeTurn(routes: Routes): number {
  const { turn } = routes;
  routes.turn = (turn + 1) % routes.shards.length;
  return turn;
}

/** From the last shard whose start looks like the key to the one that has it. */
function stepBack(shards: readonly Shard[], from: number, key: bigint): number {
  let at = from;
  while (shards[at]!.startHash > key) at -= 1;
  return at;
}

/** Throws InvalidArgumentException for a number outside of the key space (recorded). */
export function checkExplicitHashKey(explicitHashKey: string): void {
  const key = Number(explicitHashKey);
  if (key < keySpace || (key === keySpace && BigInt(explicitHashKey) >> 128n === 0n)) return;
  throw invalidArgument(
    `Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was ${explicitHashKey}`,
  );
}
