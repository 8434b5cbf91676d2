import { evenRanges, largestHash, openShards } from '../shards.ts';
import type { ReshardStep, Stream } from '../state.ts';

interface Range {
  readonly number: number;
  readonly start: bigint;
  readonly end: bigint;
}

/**
 * The splits and merges that take the open shards to `target` even ones: shards are split where a new range begins, then
 * the pieces of each new range are merged with their neighbours. Doubling is splits alone, halving merges alone. Steps name
 * children by the numbers they will get, in order.
 */
export function planEvenShards(stream: Stream, target: number): ReshardStep[] {
  return plan(
    stream,
    evenRanges(target).map(({ startHash }) => startHash),
  );
}

/** Splits alone, to at least `shardCount` shards: the widest ranges first. For on-demand capacity, which only grows. */
export function planForCapacity(stream: Stream, shardCount: number): ReshardStep[] {
  const steps: ReshardStep[] = [];
  // The widest first. Halves go behind all that are as wide, so that a whole round is split before the next one.
  const ranges = rangesOf(stream).sort((one, other) => Number(width(other) - width(one)));
  let next = stream.nextShardNumber;
  for (let count = ranges.length; count < shardCount; count += 1) {
    const { number, start, end } = ranges.shift()!;
    const middle = start + (end - start) / 2n + 1n;
    steps.push({ type: 'split', shard: number, newStartingHash: middle });
    insert(ranges, { number: next, start, end: middle - 1n });
    insert(ranges, { number: next + 1, start: middle, end });
    next += 2;
  }
  return steps;
}

const width = ({ start, end }: Range): bigint => end - start;

/** Behind all ranges that are as wide or wider; `ranges` go from wide to narrow. */
function insert(ranges: Range[], range: Range): void {
  let [from, to] = [0, ranges.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (width(ranges[middle]!) < width(range)) to = middle;
    else from = middle + 1;
  }
  ranges.splice(from, 0, range);
}

/** Splits the named shards in the middle: hot ones. */
export function planSplits(stream: Stream, shards: readonly number[]): ReshardStep[] {
  return rangesOf(stream)
    .filter(({ number, start, end }) => shards.includes(number) && end - start > 2n)
    .map(({ number, start, end }) => ({
      type: 'split',
      shard: number,
      newStartingHash: start + (end - start) / 2n + 1n,
    }));
}

function rangesOf(stream: Stream): Range[] {
  return openShards(stream)
    .map(({ number, startHash, endHash }) => ({ number, start: startHash, end: endHash }))
    .sort((a, b) => (a.start < b.start ? -1 : 1));
}

function plan(stream: Stream, starts: readonly bigint[]): ReshardStep[] {
  const steps: ReshardStep[] = [];
  let next = stream.nextShardNumber;
  const pieces: Range[] = [];
  for (const range of rangesOf(stream)) {
    let rest = range;
    for (const start of starts) {
      if (start <= rest.start || start > rest.end) continue;
      steps.push({ type: 'split', shard: rest.number, newStartingHash: start });
      pieces.push({ number: next, start: rest.start, end: start - 1n });
      rest = { number: next + 1, start, end: rest.end };
      next += 2;
    }
    pieces.push(rest);
  }
  for (const [position, start] of starts.entries()) {
    const end = (starts[position + 1] ?? largestHash + 1n) - 1n;
    const [first, ...others] = pieces.filter((piece) => piece.start >= start && piece.end <= end);
    let merged = first!;
    for (const other of others) {
      steps.push({ type: 'merge', shard: merged.number, adjacent: other.number });
      merged = { number: next, start: merged.start, end: other.end };
      next += 1;
    }
  }
  return steps;
}
