import { everyMinute } from '../every-minute.ts';
import type { Background } from '../every-minute.ts';
import type { DataStreams } from '../service.ts';
import { openShards } from '../shards.ts';
import { keyOf } from '../stream-lookup.ts';
import type { Stream } from '../state.ts';

/** A shard takes 1 MiB and 1,000 records a second. */
const shardBytes = 60_000 * 1024 * 1.024;
const shardRecords = 60_000;
const largestShardCount = 10_000;

/**
 * Capacity of on-demand streams. AWS: they take up to double the highest write rate of the last 30 days, starting at 4 MB/s
 * (service-sizes-and-limits page). So when a minute's traffic passes half of what the open shards take, their number is
 * doubled; a single shard above half of its own capacity is split even when the stream as a whole is not. Capacity never
 * shrinks here: AWS lets it after 30 quiet days.
 */
export function startScaling(service: DataStreams, report: (error: unknown) => void): Background {
  return everyMinute(service, () => scaleOnce(service), report);
}

/** One look at the last minute. */
export async function scaleOnce(service: DataStreams): Promise<void> {
  const traffic = service.traffic.take();
  for (const stream of [...service.state.streams.values()]) {
    if (stream.mode !== 'ON_DEMAND' || stream.status !== 'ACTIVE') continue;
    const wish = wishOf(stream, traffic);
    if (wish === undefined) continue;
    const atMs = service.world.clock.now();
    await service.change({
      type: 'BeginReshard',
      atMs,
      dueMs: atMs + service.settings.transitionMs,
      stream: keyOf(stream),
      wish,
      shardQuota: undefined,
    });
  }
}

function wishOf(
  stream: Stream,
  traffic: ReadonlyMap<number, { readonly bytes: number; readonly records: number }>,
): { kind: 'grow'; target: number; hotShards: number[] } | undefined {
  const open = openShards(stream);
  let bytes = 0;
  let records = 0;
  const hotShards: number[] = [];
  for (const { logId, number } of open) {
    const counted = traffic.get(logId);
    if (counted === undefined) continue;
    bytes += counted.bytes;
    records += counted.records;
    if (counted.bytes > shardBytes / 2 || counted.records > shardRecords / 2) hotShards.push(number);
  }
  if (open.length >= largestShardCount) return undefined;
  if (bytes > (shardBytes * open.length) / 2 || records > (shardRecords * open.length) / 2) {
    return { kind: 'grow', target: Math.min(largestShardCount, open.length * 2), hotShards: [] };
  }
  return hotShards.length > 0 ? { kind: 'grow', target: 0, hotShards } : undefined;
}
