import type { UserRecord } from '@millrace/aggregation';
import type { SpanContext } from '@opentelemetry/api';
import type { Attempt } from './errors.ts';
import type { Epoch } from './ledger.ts';
import type { HashKey } from './shard-map.ts';
import type { PutResult } from './types.ts';

/**
 * A user's record on its way, and who waits for it. There may be hundreds of thousands: it is one object, its hash key and its
 * attempts are in it or shared.
 */
export interface Pending extends UserRecord, HashKey {
  /** As it travels: compressed and encrypted once it is. */
  data: Uint8Array;
  /** Rises with every put. */
  readonly order: number;
  readonly epoch: Epoch;
  /** What it counts for in memory. */
  cost: number;
  /** When it was put, on the monotonic clock. */
  readonly putMs: number;
  /** When it is given up. */
  readonly deadlineMs: number;
  /** The tries that failed, the last of them. Shared by records that travelled together: never changed, only replaced. */
  attempts: readonly Attempt[];
  failures: number;
  /** The caller's span. */
  readonly span: SpanContext | undefined;
  readonly resolve: (result: PutResult) => void;
  readonly reject: (error: Error) => void;
}

export const noAttempts: readonly Attempt[] = [];
/** How many attempts an error tells at most. */
const mostAttempts = 100;

/** Writes a failed try down for all of them. */
export function markAttempt(users: readonly Pending[], attempt: Attempt): void {
  let before: readonly Attempt[] | undefined;
  let after: readonly Attempt[] = noAttempts;
  for (const user of users) {
    if (user.attempts !== before) {
      before = user.attempts;
      after = [...before.slice(1 - mostAttempts), attempt];
    }
    user.attempts = after;
    user.failures += 1;
  }
}
