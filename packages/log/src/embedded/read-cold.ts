import type { ReadOutcome } from '../shard-log-types.ts';
import type { Collection } from './entry.ts';
import type { SegmentInfo } from './segment.ts';
import type { SegmentReader } from './segment-reader.ts';
import type { Shard } from './shard.ts';

/** Reads on from where segments have the records, into memory if it comes so far. */
export async function readCold(shard: Shard, into: Collection, reader: SegmentReader): Promise<ReadOutcome> {
  const isDone = (): boolean => into.full || into.remainingRecords === 0;
  for (let before = -1; !isDone() && before < into.next;) {
    before = into.next;
    // The list as it is now: flushes and trims put others in its place.
    const { segments } = shard;
    for (let position = segmentAt(segments, into.next); position < segments.length && !isDone(); position += 1) {
      await readSegment(shard, segments[position]!, into, reader);
      const following = segments[position + 1];
      if (!isDone() && following !== undefined) into.next = Math.max(into.next, following.firstIndex);
    }
    // A flush may have run meanwhile: then what was in memory is behind what was read, and the segments are asked again.
    if (!isDone() && into.next >= shard.hotStart) {
      shard.collectHot(into);
      break;
    }
  }
  return { records: into.records, nextIndex: into.next, tailIndex: shard.visible };
}

/** A segment that has expired under the reader's hands has nothing to give. */
async function readSegment(shard: Shard, segment: SegmentInfo, into: Collection, reader: SegmentReader): Promise<void> {
  try {
    await reader.collect(segment, into);
  } catch (error) {
    if (shard.segments.includes(segment)) throw error;
    reader.forget(segment);
  }
}

/** The segment that holds `index`, or the first behind it. */
function segmentAt(segments: readonly SegmentInfo[], index: number): number {
  let low = 0;
  let high = segments.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (segments[middle]!.firstIndex <= index) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}
