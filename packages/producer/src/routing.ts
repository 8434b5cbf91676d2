import type { Clock } from '@millrace/world';
import { final, longestBackoffMs } from './limits.ts';
import type { ProducerOptions } from './options.ts';
import { markAttempt } from './pending.ts';
import type { Pending } from './pending.ts';
import { ShardMap } from './shard-map.ts';
import type { ShardRange } from './shard-map.ts';

interface RoutingOptions {
  readonly clock: Clock;
  /** How long a listing may take. */
  readonly timeoutMs: number;
  readonly isOrdered: boolean;
  /** Whether there is anything to route. */
  isNeeded(): boolean;
  /** Resolves when no request is under way. */
  quiet(): Promise<void>;
  giveUp(users: readonly Pending[], message: string): void;
  /** The shards are known anew. */
  learnt(shardIds: ReadonlySet<string>): void;
  /** Takes back all that waits by the old map. */
  drain(): Pending[];
  /** Gets it, and what came meanwhile, in the order of the puts. */
  routed(waiting: readonly Pending[]): void;
}

/** Which shard a record goes to, by a map that is asked for anew when an answer shows that it is old. */
export class Routing {
  readonly #options: RoutingOptions;
  readonly #shards: ShardMap;
  /** What waits until the shards are known; in ordered mode, until they are known anew too. */
  #held: Pending[] = [];
  #isLearning = false;
  #isUnderWay = false;
  #nextRefreshMs = 0;

  constructor(source: Pick<ProducerOptions, 'client' | 'stream'>, options: RoutingOptions) {
    this.#shards = new ShardMap(source, options);
    this.#options = options;
  }

  /** In ordered mode: nothing may be sent. */
  get isUnderWay(): boolean {
    return this.#isUnderWay;
  }

  /** Keeps a record that waits for the map: in ordered mode as long as it takes, otherwise while the shards are being listed. */
  holds(pending: Pending): boolean {
    const { isOrdered } = this.#options;
    if (this.#shards.isKnown && !this.#isUnderWay) return false;
    if (!isOrdered) void this.#learn();
    if (!isOrdered && !this.#isLearning) return false;
    this.#held.push(pending);
    if (isOrdered) void this.#route();
    return true;
  }

  /** Gives up what waits here and has no time left. */
  expire(nowMs: number, message: string): void {
    const late = this.#held.filter(({ deadlineMs }) => deadlineMs <= nowMs);
    if (late.length === 0) return;
    this.#held = this.#held.filter(({ deadlineMs }) => deadlineMs > nowMs);
    this.#options.giveUp(late, message);
  }

  /** Undefined while the map is not known. */
  shardOf(pending: Pending): ShardRange | undefined {
    const shard = this.#shards.shardOf(pending);
    if (shard === undefined) void this.#learn();
    return shard;
  }

  /** An answer has shown that the map is old. */
  refresh(): void {
    void (this.#options.isOrdered ? this.#route() : this.#learn());
  }

  /** See ShardMap.rangeOf. */
  rangeOf(shardId: string, birth: bigint | undefined): Promise<ShardRange | undefined> {
    return this.#shards.rangeOf(shardId, birth);
  }

  /** The map is old and there is no new one: records go alone until there is. */
  forget(): void {
    this.#shards.forget();
  }

  /**
   * In ordered mode, when the shards are not known or have changed: nothing is sent until all that is under way is answered and
   * the shards are known anew; then everything that waits goes its way again, in the order of the puts.
   */
  async #route(): Promise<void> {
    if (this.#isUnderWay) return;
    this.#isUnderWay = true;
    const { clock, isNeeded, quiet, drain, routed } = this.#options;
    await quiet();
    while (isNeeded() && !(await this.#hasLearnt()))
      await new Promise<void>((resolve) => void clock.setTimer(longestBackoffMs / 4, resolve));
    const waiting = [...this.#held, ...drain()];
    this.#held = [];
    waiting.sort((one, other) => one.order - other.order);
    this.#isUnderWay = false;
    routed(waiting);
  }

  /** False where the shards cannot be listed; what has no time left is given up meanwhile. */
  async #hasLearnt(): Promise<boolean> {
    try {
      await this.#load();
      return true;
    } catch (error) {
      const { name: code, message } = error as Error;
      const { clock, giveUp } = this.#options;
      const now = clock.monotonicMs();
      markAttempt(this.#held, { code, message, atMs: clock.now() });
      const isLate = ({ deadlineMs }: Pending): boolean => final.has(code) || deadlineMs <= now;
      const late = this.#held.filter(isLate);
      this.#held = this.#held.filter((pending) => !isLate(pending));
      giveUp(late, `the shards cannot be listed: ${code}: ${message}`);
      return false;
    }
  }

  /** Failing to learn the shards is no failure: records go one by one meanwhile, and a later put asks again. */
  async #learn(): Promise<void> {
    const { clock, routed } = this.#options;
    if (this.#isLearning || clock.monotonicMs() < this.#nextRefreshMs) return;
    this.#isLearning = true;
    try {
      await this.#load();
    } catch {
      this.#nextRefreshMs = clock.monotonicMs() + longestBackoffMs;
    }
    this.#isLearning = false;
    const held = this.#held;
    this.#held = [];
    routed(held);
  }

  async #load(): Promise<void> {
    await this.#shards.refresh();
    this.#options.learnt(this.#shards.ids);
  }
}
