import type { World } from '@millrace/world';
import { appendToSegment, indexPath, listSegments, moveEnd, segmentName, startEmptySegment } from './segment.ts';
import type { SegmentInfo } from './segment.ts';
import type { SegmentReader } from './segment-reader.ts';
import { hotCost } from './shard.ts';
import type { HotEntry, Shard } from './shard.ts';

/** A segment is closed when it is this large or old: the unit in which expired data leaves the disk. */
const segmentBytes = 128 << 20;
const segmentAgeMs = 3_600_000;
const shardsAtOnce = 4;

/**
 * Moves entries from memory to segments. An entry leaves memory only when its segment and that segment's index are synced,
 * and the caller frees the journal only after that: at every moment a durable record is in the journal or in a segment.
 */
export async function flushShards(
  shards: Iterable<Shard>,
  { world, directory, reader }: { world: World; directory: string; reader: SegmentReader },
  freed: (bytes: number) => void,
): Promise<void> {
  const queue = [...shards].filter((shard) => shard.hot.length > 0 && !shard.deleted);
  const work = async (): Promise<void> => {
    for (let shard = queue.pop(); shard !== undefined; shard = queue.pop()) {
      const next = shard;
      freed(await next.exclusively(() => flushShard(next, { world, directory, reader })));
    }
  };
  await Promise.all(Array.from({ length: shardsAtOnce }, work));
}

export function shardDirectory(directory: string, logId: number): string {
  return `${directory}/${logId}`;
}

async function flushShard(
  shard: Shard,
  at: { world: World; directory: string; reader: SegmentReader },
): Promise<number> {
  const entries = shard.hot.slice();
  const first = entries[0];
  if (first === undefined) return 0;
  let segment = shard.segments.at(-1);
  let index = segment === undefined ? undefined : await at.reader.index(segment);
  const isFull =
    (index?.end?.offset ?? 0) > segmentBytes ||
    (segment !== undefined && first.arrivalMs - segment.firstArrivalMs > segmentAgeMs);
  if (segment === undefined || index === undefined || isFull) {
    const folder = shardDirectory(at.directory, shard.logId);
    if (shard.segments.length === 0) {
      await at.world.disk.makeDirectory(folder);
      await at.world.disk.syncDirectory(at.directory);
    }
    segment = {
      logId: shard.logId,
      path: `${folder}/${segmentName(first.firstIndex, first.arrivalMs)}`,
      firstIndex: first.firstIndex,
      firstArrivalMs: first.arrivalMs,
    };
    index = { points: [], end: undefined, length: 0 };
  }
  const grown = await appendToSegment(at.world, segment, index, entries);
  if (shard.deleted) {
    await at.world.disk.remove(shardDirectory(at.directory, shard.logId));
    return 0;
  }
  at.reader.remember(segment, grown);
  if (shard.segments.at(-1) !== segment) shard.segments = [...shard.segments, segment];
  shard.hot.splice(0, entries.length);
  return entries.reduce((sum: number, entry: HotEntry) => sum + hotCost(entry), 0);
}

/** What the disk has of a shard: its segments and where they end. Segments without a synced entry do not count. */
export async function loadShardSegments(
  shard: Shard,
  { world, directory, reader }: { world: World; directory: string; reader: SegmentReader },
): Promise<void> {
  shard.segments = await listSegments(world, shardDirectory(directory, shard.logId), shard.logId);
  while (shard.segments.length > 0) {
    const last = shard.segments.at(-1)!;
    const { end } = await reader.index(last);
    if (end !== undefined) {
      shard.storedEnd = end.index;
      shard.visible = end.index;
      shard.allotted = end.index;
      shard.lastArrivalMs = end.arrivalMs;
      break;
    }
    reader.forget(last);
    shard.segments.pop();
  }
  shard.firstIndex = shard.segments[0]?.firstIndex ?? 0;
}

/**
 * Deletes the segments in which every record has expired. When that is all of them, an empty one takes their place: by its
 * end recovery knows which index comes next.
 */
export async function removeExpired(
  shard: Shard,
  { world, directory, reader }: { world: World; directory: string; reader: SegmentReader },
): Promise<void> {
  const remove = async (segment: SegmentInfo): Promise<void> => {
    reader.forget(segment);
    await world.disk.remove(segment.path);
    await world.disk.remove(indexPath(segment));
  };
  while (shard.segments.length > 1 && shard.segments[1]!.firstIndex <= shard.firstIndex) {
    const [oldest, ...others] = shard.segments;
    // A new list: readers that are on their way through the old one keep their places.
    shard.segments = others;
    await remove(oldest!);
  }
  const last = shard.segments[0];
  if (last === undefined || shard.segments.length > 1 || shard.deleted) return;
  const { end } = await reader.index(last);
  if (end === undefined || end.index > shard.firstIndex || last.firstIndex === end.index) return;
  const empty = await emptySegment(shard, { index: end.index, arrivalMs: end.arrivalMs }, { world, directory, reader });
  shard.segments = [empty];
  await remove(last);
}

/** Keeps what index comes next, though no record stands before it, beyond the next start. */
export async function markEnd(
  shard: Shard,
  places: { world: World; directory: string; reader: SegmentReader },
): Promise<void> {
  const { world, directory, reader } = places;
  const next = { index: shard.visible, arrivalMs: shard.lastArrivalMs };
  const last = shard.segments.at(-1);
  if (last !== undefined) {
    reader.remember(last, await moveEnd(world, last, await reader.index(last), next));
    return;
  }
  await world.disk.makeDirectory(shardDirectory(directory, shard.logId));
  await world.disk.syncDirectory(directory);
  shard.segments = [await emptySegment(shard, next, places)];
}

async function emptySegment(
  shard: Shard,
  { index, arrivalMs }: { index: number; arrivalMs: number },
  { world, directory, reader }: { world: World; directory: string; reader: SegmentReader },
): Promise<SegmentInfo> {
  const path = `${shardDirectory(directory, shard.logId)}/${segmentName(index, arrivalMs)}`;
  const empty = { logId: shard.logId, path, firstIndex: index, firstArrivalMs: arrivalMs };
  reader.remember(empty, await startEmptySegment(world, empty));
  return empty;
}
