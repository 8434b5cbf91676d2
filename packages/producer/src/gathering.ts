import { Aggregator } from '@millrace/aggregation';
import type { Clock } from '@millrace/world';
import type { Entry, Pending } from './entry.ts';

interface Gathering {
  readonly aggregator: Aggregator;
  readonly users: Pending[];
  readonly timer: { cancel(): void };
}

/** Records that wait for others of their shard, to travel in one. */
export class Gatherings {
  readonly #open = new Map<string, Gathering>();
  readonly #options: {
    readonly clock: Clock;
    readonly lingerMs: number;
    readonly maxBytes: number;
    ready(entry: Entry): void;
  };

  /** `ready` gets what is full, or has waited long enough. */
  constructor(options: { clock: Clock; lingerMs: number; maxBytes: number; ready(entry: Entry): void }) {
    this.#options = options;
  }

  add(pending: Pending, shardId: string): void {
    let gathering = this.#open.get(shardId);
    if (gathering !== undefined && !gathering.aggregator.add(pending.record)) {
      this.finish(shardId);
      gathering = undefined;
    }
    if (gathering === undefined) {
      const { clock, lingerMs, maxBytes } = this.#options;
      const timer = clock.setTimer(lingerMs, () => this.finish(shardId));
      gathering = { aggregator: new Aggregator({ maxBytes }), users: [], timer };
      gathering.aggregator.add(pending.record);
      this.#open.set(shardId, gathering);
    }
    gathering.users.push(pending);
  }

  finish(shardId: string): void {
    const gathering = this.#open.get(shardId);
    if (gathering === undefined) return;
    gathering.timer.cancel();
    this.#open.delete(shardId);
    const { partitionKey, explicitHashKey, data } = gathering.aggregator.take()!;
    const bytes = data.length + Buffer.byteLength(partitionKey);
    this.#options.ready({ ...entryOf(gathering.users, shardId), partitionKey, explicitHashKey, data, bytes });
  }

  finishAll(): void {
    for (const shardId of [...this.#open.keys()]) this.finish(shardId);
  }

  /** All that waits, which waits here no more. */
  drain(): Pending[] {
    const users: Pending[] = [];
    for (const gathering of this.#open.values()) {
      gathering.timer.cancel();
      users.push(...gathering.users);
    }
    this.#open.clear();
    return users;
  }
}

/** A record as it is, or the frame of an aggregated one. */
export function entryOf(users: readonly Pending[], shardId: string | undefined): Entry {
  const { partitionKey, explicitHashKey, data } = users[0]!.record;
  return {
    partitionKey,
    explicitHashKey,
    data,
    users: [...users],
    shardId,
    bytes: users[0]!.bytes,
    notBeforeMs: 0,
    tries: 0,
    isSuspect: false,
  };
}
