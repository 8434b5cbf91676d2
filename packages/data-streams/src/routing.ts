import { hash } from 'node:crypto';
import { invalidArgument } from './errors.ts';
import type { Shard, Stream } from './state.ts';

/**
 * Which open shard takes a record: the one whose hash range holds the MD5 of its partition key, or its ExplicitHashKey.
 * Keys are compared by their upper 52 bits as numbers; only where two shards share those (a split finer than 2^-52 of the
 * space) the whole key decides. So no record costs a BigInt.
 */
export interface Routes {
  readonly shards: readonly Shard[];
  /** Start of each shard's range: its upper 13 hex digits as a number. */
  readonly starts: Float64Array;
  /** Starts that have more digits than that. */
  readonly exact: readonly (string | undefined)[];
}

const digits = 13;
const cached = new WeakMap<
  Stream,
  { readonly shardCount: number; readonly openCount: number; readonly routes: Routes }
>();
const keySpace = 2n ** 128n;

/** The open shards in order of their ranges, made again when a shard opened or closed. */
export function routesOf(stream: Stream): Routes {
  const known = cached.get(stream);
  // A reshard always adds a shard, and shards are only taken away when closed: the two counts change with every change.
  if (known !== undefined && known.shardCount === stream.nextShardNumber && known.openCount === stream.shards.size)
    return known.routes;
  const shards = [...stream.shards.values()]
    .filter(({ closed }) => closed === undefined)
    .sort((a, b) => (a.startHash < b.startHash ? -1 : 1));
  const texts = shards.map(({ startHash }) => startHash.toString(16).padStart(32, '0'));
  const routes: Routes = {
    shards,
    starts: Float64Array.from(texts, (text) => Number.parseInt(text.slice(0, digits), 16)),
    exact: texts.map((text) => (/^0*$/.test(text.slice(digits)) ? undefined : text)),
  };
  cached.set(stream, { shardCount: stream.nextShardNumber, openCount: stream.shards.size, routes });
  return routes;
}

/** Position in `routes.shards` of the shard that takes a key given as 32 hex digits. */
export function routeHex(routes: Routes, key: string): number {
  const upper = Number.parseInt(key.slice(0, digits), 16);
  let low = 0;
  let high = routes.starts.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (routes.starts[middle]! <= upper) low = middle + 1;
    else high = middle;
  }
  let at = low - 1;
  while (at > 0 && routes.starts[at] === upper && routes.exact[at] !== undefined && key < routes.exact[at]!) at -= 1;
  return at;
}

export function routePartitionKey(routes: Routes, partitionKey: string): number {
  return routes.shards.length === 1 ? 0 : routeHex(routes, hash('md5', partitionKey, 'hex'));
}

/** Throws InvalidArgumentException for a number outside of the key space. */
export function routeExplicitHashKey(routes: Routes, explicitHashKey: string): number {
  const key = BigInt(explicitHashKey);
  if (key >= keySpace) {
    throw invalidArgument(
      `Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was ${explicitHashKey}`,
    );
  }
  return routeHex(routes, key.toString(16).padStart(32, '0'));
}
