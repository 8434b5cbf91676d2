import type { Lease } from './leases/lease.ts';
import { isFinished } from './shards.ts';

export interface BalanceOptions {
  readonly workerId: string;
  /** Whether a shard has nothing left to read, so that its children's turn has come. */
  isOver(lease: Lease, parentShardId: string): boolean;
  /** Leases that nobody renews. */
  isExpired(lease: Lease): boolean;
  /** Leases that are not to be asked for: they were this worker's a short while ago. */
  isRecent(lease: Lease): boolean;
  /** A whole number from 0 to below `end`. */
  draw(end: number): number;
}

/** The part of a worker's share by which workers may differ. */
const slack = 0.2;

/** What a worker should do now: leases to take at once, and one to ask its owner for. */
export interface Wanted {
  readonly take: readonly Lease[];
  readonly ask: Lease | undefined;
}

/**
 * All workers come to have about the same load: free leases are taken up to a worker's share; where there are none, one is asked
 * for from who has most, if the two are closer to each other then. The load of a lease is half its share of the throughput and half
 * one of the number: idle shards cost something too, and a burst is no reason to move everything.
 */
export function wantedLeases(leases: readonly Lease[], options: BalanceOptions): Wanted {
  const { workerId, isOver, isExpired, draw } = options;
  const active = leases.filter(
    (lease) => !isFinished(lease) && lease.parentShardIds.every((parent) => isOver(lease, parent)),
  );
  const loadOf = loads(active);
  const isFree = (lease: Lease): boolean => lease.owner === undefined || isExpired(lease);
  const byWorker = new Map<string, number>([[workerId, 0]]);
  for (const lease of active)
    if (!isFree(lease)) byWorker.set(lease.owner!, (byWorker.get(lease.owner!) ?? 0) + loadOf(lease));
  const own = byWorker.get(workerId)!;
  const free = active.filter(isFree);
  if (free.length > 0) {
    const take: Lease[] = [];
    let load = own;
    // In random order: workers that look at once should not all want the same.
    for (const left = [...free]; left.length > 0 && load < active.length / byWorker.size - 1e-6;) {
      const [lease] = left.splice(draw(left.length), 1);
      load += loadOf(lease!);
      take.push(lease!);
    }
    return { take, ask: undefined };
  }
  const [richest, most] = [...byWorker].reduce((one, other) => (other[1] > one[1] ? other : one));
  const difference = most - own;
  // Less than that comes and goes.
  if (difference < (slack * active.length) / byWorker.size) return { take: [], ask: undefined };
  return { take: [], ask: toAskFor(active, { ...options, richest, difference, loadOf }) };
}

/**
 * A lease whose move brings two workers closer; where it turns their difference round, to no more than half of it. Each move makes
 * the sum of the squared loads smaller, so moves come to an end; and none is undone unless loads change by half.
 */
function toAskFor(
  active: readonly Lease[],
  options: BalanceOptions & { richest: string; difference: number; loadOf(lease: Lease): number },
): Lease | undefined {
  const { richest, difference, loadOf, isRecent, draw } = options;
  const fitting = active.filter((lease) => {
    const isCloser = loadOf(lease) <= 0.75 * difference + 1e-6;
    return lease.owner === richest && lease.checkpointOwner === undefined && isCloser && !isRecent(lease);
  });
  const distance = (lease: Lease): number => Math.abs(difference / 2 - loadOf(lease));
  const best = Math.min(...fitting.map(distance));
  const equals = fitting.filter((lease) => distance(lease) <= best + 1e-6);
  return equals[draw(equals.length)];
}

/** Loads whose mean is 1. A lease whose throughput is not known has the mean one. */
function loads(active: readonly Lease[]): (lease: Lease) => number {
  const known = active.flatMap(({ throughputKBps }) => throughputKBps ?? []);
  const mean = known.reduce((sum, one) => sum + one, 0) / Math.max(1, known.length);
  return ({ throughputKBps }) => (mean < 0.01 ? 1 : 0.5 + (throughputKBps ?? mean) / mean / 2);
}
