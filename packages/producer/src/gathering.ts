import { Aggregator } from '@millrace/aggregation';
import type { Clock, Timer } from '@millrace/world';
import { entryOf } from './entry.ts';
import type { Entry } from './entry.ts';
import type { Pending } from './pending.ts';
import type { ShardRange } from './shard-map.ts';

interface Gathering {
  /** As it was known when the first of them came. */
  readonly shard: ShardRange;
  readonly aggregator: Aggregator;
  readonly users: Pending[];
  readonly dueMs: number;
  readonly timer: Timer;
}

interface GatheringOptions {
  readonly clock: Clock;
  readonly lingerMs: number;
  readonly maxBytes: number;
  /** Gets what is full, or has waited long enough. */
  ready(entry: Entry): void;
}

/** Aggregators kept to be used again: their memory has its size already. */
const mostSpare = 16;

/** Records that wait for others of their shard, to travel in one. */
export class Gatherings {
  readonly #open = new Map<string, Gathering>();
  readonly #spare: Aggregator[] = [];
  readonly #options: GatheringOptions;

  constructor(options: GatheringOptions) {
    this.#options = options;
  }

  add(pending: Pending, shard: ShardRange): void {
    const { shardId } = shard;
    let gathering = this.#open.get(shardId);
    if (gathering !== undefined && !gathering.aggregator.add(pending)) {
      this.finish(shardId);
      gathering = undefined;
    }
    if (gathering === undefined) {
      const { clock, lingerMs, maxBytes } = this.#options;
      gathering = {
        shard,
        aggregator: this.#spare.pop() ?? new Aggregator({ maxBytes }),
        users: [],
        dueMs: clock.monotonicMs() + lingerMs,
        timer: clock.setTimer(lingerMs, () => this.finish(shardId)),
      };
      gathering.aggregator.add(pending);
      this.#open.set(shardId, gathering);
    }
    gathering.users.push(pending);
    // Nothing more will fit.
    if (gathering.aggregator.bytes >= this.#options.maxBytes) this.finish(shardId);
  }

  finish(shardId: string): void {
    const gathering = this.#open.get(shardId);
    if (gathering === undefined) return;
    const { shard, aggregator, users, dueMs, timer } = gathering;
    timer.cancel();
    this.#open.delete(shardId);
    const isUsual = aggregator.bytes <= this.#options.maxBytes;
    this.#options.ready(entryOf(users, aggregator.take()!, { shard, dueMs }));
    // One that has held a large record alone would keep its memory.
    if (isUsual && this.#spare.length < mostSpare) this.#spare.push(aggregator);
  }

  finishAll(): void {
    for (const shardId of [...this.#open.keys()]) this.finish(shardId);
  }

  /** All that waits, which waits here no more. */
  drain(): Pending[] {
    const users: Pending[] = [];
    for (const gathering of this.#open.values()) {
      gathering.timer.cancel();
      for (const user of gathering.users) users.push(user);
    }
    this.#open.clear();
    return users;
  }
}
