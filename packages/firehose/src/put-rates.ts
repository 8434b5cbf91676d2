import { TokenBucket } from '@millrace/world';
import type { World } from '@millrace/world';

/** What AWS lets a delivery stream take directly in the smaller regions, a second: 2,000 calls, 5,000 records, 5 MiB. */
const callsPerSecond = 2000;
const recordsPerSecond = 5000;
const bytesPerSecond = 5 << 20;

/** The rates of direct puts, by delivery stream. */
export interface PutRates {
  /** Takes a call; false when there were too many. */
  takeCall(logId: number): boolean;
  /** Takes a record; false when its delivery stream has had its share of this second. */
  takeRecord(logId: number, bytes: number): boolean;
  /** Forgets a delivery stream that is gone. */
  forget(logId: number): void;
}

interface Buckets {
  readonly calls: TokenBucket;
  readonly records: TokenBucket;
  readonly bytes: TokenBucket;
}

export function createPutRates(mode: 'aws' | 'none', { clock }: Pick<World, 'clock'>): PutRates {
  if (mode === 'none') return { takeCall: () => true, takeRecord: () => true, forget: () => undefined };
  const all = new Map<number, Buckets>();
  const of = (logId: number, now: number): Buckets => {
    let buckets = all.get(logId);
    if (buckets === undefined) {
      buckets = {
        calls: new TokenBucket(callsPerSecond, now),
        records: new TokenBucket(recordsPerSecond, now),
        bytes: new TokenBucket(bytesPerSecond, now),
      };
      all.set(logId, buckets);
    }
    return buckets;
  };
  return {
    takeCall(logId) {
      const now = clock.monotonicMs();
      const { calls } = of(logId, now);
      if (!calls.has(1, now)) return false;
      calls.take(1);
      return true;
    },
    takeRecord(logId, bytes) {
      const now = clock.monotonicMs();
      const buckets = of(logId, now);
      if (!buckets.records.has(1, now) || !buckets.bytes.has(bytes, now)) return false;
      buckets.records.take(1);
      buckets.bytes.take(bytes);
      return true;
    },
    forget: (logId) => void all.delete(logId),
  };
}
