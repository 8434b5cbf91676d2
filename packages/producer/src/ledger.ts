import { holdProcess } from '@millrace/world';
import type { Clock } from '@millrace/world';
import { DeliveryError } from './errors.ts';
import type { Pending } from './pending.ts';
import type { ProducerMetrics, PutResult } from './types.ts';

/** Records that were put between two flushes. */
export interface Epoch {
  /** How many of them are neither stored nor given up. */
  unsettled: number;
  /** Called when the last of them is settled, once a flush waits for it. */
  over: (() => void) | undefined;
}

type Counters = { -readonly [Name in keyof ProducerMetrics]: ProducerMetrics[Name] };

/**
 * What was taken and is neither stored nor given up: how much memory it is, who waits for less of it, who waits for the end of
 * it. Each record goes in once and comes out once, with its answer.
 */
export class Ledger {
  readonly #maxBytes: number;
  readonly #clock: Clock;
  readonly counters: Counters = {
    userRecordsPut: 0,
    userRecordsStored: 0,
    userRecordsFailed: 0,
    kinesisRecordsStored: 0,
    bytesStored: 0,
    requests: 0,
    requestsFailed: 0,
    requestsUnderWay: 0,
    retries: 0,
    throttles: 0,
    bufferedRecords: 0,
    bufferedBytes: 0,
    bufferingMs: 0,
  };
  #epoch: Epoch = { unsettled: 0, over: undefined };
  /** Earlier ones that a flush waits for. */
  readonly #closing = new Map<Epoch, Promise<void>>();
  readonly #waitingForRoom: (() => void)[] = [];
  #isWaking = false;
  #hold: { release(): void } | undefined;

  constructor(maxBytes: number, clock: Clock) {
    this.#maxBytes = maxBytes;
    this.#clock = clock;
  }

  get isEmpty(): boolean {
    return this.counters.bufferedRecords === 0;
  }

  get hasRoom(): boolean {
    return this.counters.bufferedBytes < this.#maxBytes;
  }

  /** Whether nothing may be taken that costs so much. While there is room a record always may, whatever its size: who has waited is not refused. */
  isFullFor(cost: number): boolean {
    return this.counters.bufferedBytes + cost > 2 * this.#maxBytes && !this.hasRoom;
  }

  /** The epoch of a record that is put now. */
  get epoch(): Epoch {
    return this.#epoch;
  }

  admit({ cost, epoch }: Pending): void {
    this.counters.userRecordsPut += 1;
    this.counters.bufferedRecords += 1;
    this.counters.bufferedBytes += cost;
    epoch.unsettled += 1;
    this.#hold ??= holdProcess();
    this.#isWaking = false;
    this.#wake();
  }

  /** The record takes another part of memory from now on. */
  resize(pending: Pending, cost: number): void {
    this.counters.bufferedBytes += cost - pending.cost;
    pending.cost = cost;
  }

  stored(pending: Pending, result: PutResult): void {
    this.counters.userRecordsStored += 1;
    pending.resolve(result);
    this.#settled(pending);
  }

  giveUp(users: readonly Pending[], message: string): void {
    for (const pending of users) {
      this.counters.userRecordsFailed += 1;
      pending.reject(new DeliveryError(message, pending.attempts));
      this.#settled(pending);
    }
  }

  #settled({ cost, epoch }: Pending): void {
    this.counters.bufferedBytes -= cost;
    this.counters.bufferedRecords -= 1;
    epoch.unsettled -= 1;
    if (epoch.unsettled === 0) epoch.over?.();
    this.#wake();
    if (!this.isEmpty) return;
    this.#hold?.release();
    this.#hold = undefined;
  }

  /**
   * One alone, so that many do not fill what is free at once and beyond: its put wakes the next while there is room, and where
   * it puts nothing the next turn does.
   */
  #wake(): void {
    if (this.#isWaking || !this.hasRoom || this.#waitingForRoom.length === 0) return;
    this.#isWaking = true;
    this.#waitingForRoom.shift()!();
    this.#clock.defer(() => {
      this.#isWaking = false;
      this.#wake();
    });
  }

  room(): Promise<void> {
    if (this.hasRoom && this.#waitingForRoom.length === 0) return Promise.resolve();
    return new Promise((resolve) => void this.#waitingForRoom.push(resolve));
  }

  /** Resolves when all that was put before is settled. */
  async settled(): Promise<void> {
    const epoch = this.#epoch;
    if (epoch.unsettled > 0) {
      this.#epoch = { unsettled: 0, over: undefined };
      const over = new Promise<void>((resolve) => (epoch.over = resolve)).then(() => void this.#closing.delete(epoch));
      this.#closing.set(epoch, over);
    }
    await Promise.all(this.#closing.values());
  }
}
