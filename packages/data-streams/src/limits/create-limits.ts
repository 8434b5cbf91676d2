import { AwsError } from '@millrace/model';
import type { World } from '@millrace/world';
import { controlRates } from './control-rates.ts';
import type { Limits } from './limits.ts';
import { TokenBucket } from '@millrace/world';

const mebibyte = 1 << 20;
const idleSweepMs = 60_000;

interface ShardBuckets {
  readonly records: TokenBucket;
  readonly bytes: TokenBucket;
  readonly reads: TokenBucket;
  readonly readBytes: TokenBucket;
  readonly iterators: TokenBucket;
}

/**
 * Limits as AWS has them, or, with 'none', nothing but open doors. A shard's write budget lets one record through that is
 * larger than a second's budget (UpdateMaxRecordSize to 10 MiB) when the budget is full, and refills the debt first: AWS
 * says such records use burst capacity and gives no figure.
 */
export function createLimits(mode: 'aws' | 'none', world: World): Limits {
  if (mode === 'none') {
    return {
      call: () => undefined,
      takeWrite: () => true,
      takeIterator: () => undefined,
      beginRead: () => undefined,
      tryRead: () => true,
      endRead: () => undefined,
      forget: () => undefined,
    };
  }
  return new AwsLimits(world);
}

class AwsLimits implements Limits {
  readonly #world: World;
  readonly #shards = new Map<number, ShardBuckets>();
  readonly #calls = new Map<string, TokenBucket>();

  constructor(world: World) {
    this.#world = world;
    this.#sweepLater();
  }

  call(operation: string, account: string, region: string, streamKey?: string): void {
    const rate = controlRates[operation];
    if (rate === undefined) return;
    const scope = rate.byStream && streamKey !== undefined ? streamKey : `${account}:${region}`;
    const key = `${operation} ${scope}`;
    const now = this.#world.clock.monotonicMs();
    let bucket = this.#calls.get(key);
    if (bucket === undefined) {
      bucket = new TokenBucket(rate.perSecond, now);
      this.#calls.set(key, bucket);
    }
    if (!bucket.has(1, now))
      throw new AwsError('LimitExceededException', `Rate exceeded for ${operation} under account ${account}.`);
    bucket.take(1);
  }

  takeWrite(logId: number, bytes: number): boolean {
    const now = this.#world.clock.monotonicMs();
    const buckets = this.#shard(logId, now);
    if (!buckets.records.has(1, now) || !buckets.bytes.has(Math.min(bytes, mebibyte), now)) return false;
    buckets.records.take(1);
    buckets.bytes.take(bytes);
    return true;
  }

  takeIterator(logId: number, shardId: string, streamName: string, account: string): void {
    const now = this.#world.clock.monotonicMs();
    const { iterators } = this.#shard(logId, now);
    if (!iterators.has(1, now)) throw rateExceeded(shardId, streamName, account);
    iterators.take(1);
  }

  beginRead(logId: number, shardId: string, streamName: string, account: string): void {
    if (!this.tryRead(logId)) throw rateExceeded(shardId, streamName, account);
  }

  tryRead(logId: number): boolean {
    const now = this.#world.clock.monotonicMs();
    const { reads, readBytes } = this.#shard(logId, now);
    // After a large answer the debt of bytes is what makes the following calls wait: 10 MiB at 2 MiB a second are 5 s.
    if (!reads.has(1, now) || !readBytes.has(1, now)) return false;
    reads.take(1);
    return true;
  }

  endRead(logId: number, bytes: number): void {
    this.#shards.get(logId)?.readBytes.take(bytes);
  }

  forget(logId: number): void {
    this.#shards.delete(logId);
  }

  #shard(logId: number, now: number): ShardBuckets {
    let buckets = this.#shards.get(logId);
    if (buckets === undefined) {
      buckets = {
        records: new TokenBucket(1000, now),
        bytes: new TokenBucket(mebibyte, now),
        reads: new TokenBucket(5, now),
        readBytes: new TokenBucket(2 * mebibyte, now),
        iterators: new TokenBucket(5, now),
      };
      this.#shards.set(logId, buckets);
    }
    return buckets;
  }

  /** A bucket that is full again says nothing: memory is bounded by what was used in the last minute. */
  #sweepLater(): void {
    this.#world.clock.setTimer(idleSweepMs, () => {
      const now = this.#world.clock.monotonicMs();
      for (const [key, bucket] of this.#calls) if (bucket.isFull(now)) this.#calls.delete(key);
      for (const [logId, buckets] of this.#shards) {
        if ((Object.values(buckets) as TokenBucket[]).every((bucket) => bucket.isFull(now))) this.#shards.delete(logId);
      }
      this.#sweepLater();
    });
  }
}

function rateExceeded(shardId: string, streamName: string, account: string): AwsError {
  return new AwsError(
    'ProvisionedThroughputExceededException',
    `Rate exceeded for shard ${shardId} in stream ${streamName} under account ${account}.`,
  );
}
