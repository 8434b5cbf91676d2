import type { Clock } from '@millrace/world';
import type { Lease } from './leases/lease.ts';

interface Sight {
  readonly counter: number;
  readonly sinceMs: number;
  readonly askedBy: string | undefined;
  readonly askedMs: number;
}

/** Since when each lease stands as it does, by this worker's own clock: clocks of others mean nothing. */
export class Sights {
  readonly #clock: Clock;
  readonly #sights = new Map<string, Sight>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  look(leases: readonly Lease[]): void {
    const now = this.#clock.monotonicMs();
    const known = new Set(leases.map(({ leaseKey }) => leaseKey));
    for (const leaseKey of this.#sights.keys()) if (!known.has(leaseKey)) this.#sights.delete(leaseKey);
    for (const { leaseKey, counter, owner, checkpointOwner } of leases) {
      const before = this.#sights.get(leaseKey);
      const askedBy = checkpointOwner === undefined ? undefined : owner;
      this.#sights.set(leaseKey, {
        counter,
        sinceMs: before?.counter === counter ? before.sinceMs : now,
        askedBy,
        askedMs: before !== undefined && before.askedBy === askedBy ? before.askedMs : now,
      });
    }
  }

  /** For how long nobody has written it. */
  unwrittenMs({ leaseKey }: Lease): number {
    return this.#clock.monotonicMs() - this.#sights.get(leaseKey)!.sinceMs;
  }

  /** For how long its owner has waited for the one before to let it go. */
  handOverMs({ leaseKey }: Lease): number {
    return this.#clock.monotonicMs() - this.#sights.get(leaseKey)!.askedMs;
  }
}
