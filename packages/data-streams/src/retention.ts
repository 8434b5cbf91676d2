import { everyMinute } from './every-minute.ts';
import type { Background } from './every-minute.ts';
import type { Change } from './change.ts';
import type { DataStreams } from './service.ts';
import { keyOf } from './stream-lookup.ts';

export interface DropShardsCommand {
  readonly type: 'DropShards';
  readonly atMs: number;
  readonly stream: string;
  readonly shards: readonly number[];
}

/** Forgets closed shards all of whose records have expired. */
export const dropShardsChange: Change<DropShardsCommand> = {
  type: 'DropShards',
  apply(state, { stream: key, shards }) {
    const stream = state.streams.get(key);
    for (const number of shards) if (stream?.shards.get(number)?.closed !== undefined) stream.shards.delete(number);
  },
};

/**
 * Lets expired records go: at the latest a minute after their time no reader gets them (reads check the time themselves),
 * and their files leave the disk when a whole segment has expired.
 */
export function startRetention(service: DataStreams, report: (error: unknown) => void): Background {
  return everyMinute(
    service,
    async () => {
      for (const stream of [...service.state.streams.values()]) await trimStream(service, keyOf(stream));
    },
    report,
  );
}

/** One stream's turn. */
export async function trimStream(service: DataStreams, key: string): Promise<void> {
  const stream = service.state.streams.get(key);
  if (stream === undefined || stream.status === 'CREATING') return;
  const atMs = service.world.clock.now();
  const beforeMs = atMs - stream.retentionHours * 3_600_000;
  const expired = [];
  for (const shard of stream.shards.values()) {
    await service.log.trim(shard.logId, beforeMs);
    if (shard.closed !== undefined && shard.closed.atMs < beforeMs) expired.push(shard);
  }
  if (expired.length === 0) return;
  await service.change({ type: 'DropShards', atMs, stream: key, shards: expired.map(({ number }) => number) });
  for (const { logId } of expired) {
    await service.log.delete(logId);
    service.limits.forget(logId);
  }
}
