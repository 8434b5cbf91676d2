import type { Lease } from './leases/lease.ts';
import { isFinished } from './shards.ts';

export interface BalanceOptions {
  readonly workerId: string;
  /** Whether a shard has nothing left to read, so that its children's turn has come. */
  isOver(shardId: string): boolean;
  /** Leases that nobody renews. */
  isExpired(lease: Lease): boolean;
  /** A whole number from 0 to below `end`. */
  draw(end: number): number;
}

/**
 * The leases this worker should try to take now, so that all workers come to have about as many: free ones up to its share, or,
 * where there are none, one of whoever has most.
 */
export function leasesToTake(leases: readonly Lease[], { workerId, isOver, isExpired, draw }: BalanceOptions): Lease[] {
  const active = leases.filter((lease) => !isFinished(lease) && lease.parentShardIds.every(isOver));
  const free = active.filter((lease) => lease.owner === undefined || isExpired(lease));
  const counts = new Map<string, number>([[workerId, 0]]);
  for (const lease of active)
    if (lease.owner !== undefined && !isExpired(lease)) counts.set(lease.owner, (counts.get(lease.owner) ?? 0) + 1);
  const own = counts.get(workerId)!;
  const share = Math.ceil(active.length / counts.size);
  if (own >= share) return [];
  if (free.length > 0) {
    const taken: Lease[] = [];
    // In random order: workers that look at once should not all want the same.
    for (const left = [...free]; left.length > 0 && taken.length < share - own;)
      taken.push(...left.splice(draw(left.length), 1));
    return taken;
  }
  const [richest, most] = [...counts].reduce((one, other) => (other[1] > one[1] ? other : one));
  // One more than the share is no reason: it would go to and fro.
  if (most <= share && most - own < 2) return [];
  const theirs = active.filter(({ owner }) => owner === richest);
  return [theirs[draw(theirs.length)]!];
}
