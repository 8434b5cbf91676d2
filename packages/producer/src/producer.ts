import type { UserRecord } from '@millrace/aggregation';
import { streamNameOf } from '@millrace/payload';
import { realWorld } from '@millrace/world';
import type { Clock } from '@millrace/world';
import type { Writable } from 'node:stream';
import { Delivery } from './delivery.ts';
import { BufferFullError, DeliveryError, ProducerClosedError } from './errors.ts';
import { Ledger } from './ledger.ts';
import { besideBytes, longestKey, mostBytes } from './limits.ts';
import { codecOf, settingsOf } from './options.ts';
import type { ProducerOptions, Settings } from './options.ts';
import { Payloads } from './payloads.ts';
import { noAttempts } from './pending.ts';
import type { Pending } from './pending.ts';
import { upperOf } from './shard-map.ts';
import { putAll, writableOf } from './sources.ts';
import { callerSpan } from './tracing.ts';
import type { ProducerMetrics, ProducerRecord, PutResult } from './types.ts';

/**
 * Puts records: gathers small ones in one (by the shard they will go to), batches those into PutRecords, keeps each shard's
 * rate, sends again what failed and nothing else, and holds no more than `maxBufferedBytes`. At least once: where an answer was
 * lost, a record may be stored twice; it is reported once.
 */
export class Producer {
  readonly #settings: Settings;
  readonly #clock: Clock;
  readonly #ledger: Ledger;
  readonly #delivery: Delivery;
  readonly #payloads: Payloads | undefined;
  #order = 0;
  #isClosed = false;

  constructor(options: ProducerOptions) {
    this.#settings = settingsOf(options);
    const world = options.world ?? realWorld();
    this.#clock = world.clock;
    this.#ledger = new Ledger(this.#settings.maxBufferedBytes, world.clock);
    this.#delivery = new Delivery(options, {
      settings: this.#settings,
      world,
      ledger: this.#ledger,
      expire: (nowMs) => this.#payloads?.expire(nowMs),
    });
    const codec = codecOf(options);
    if (codec === undefined) return;
    this.#payloads = new Payloads({
      codec,
      stream: streamNameOf(options.stream),
      made: (pending) => {
        this.#ledger.resize(pending, costOf(pending));
        this.#delivery.take(pending);
      },
      failed: (pending, message) => this.#delivery.giveUp([pending], message),
    });
  }

  /**
   * Resolves when the record is stored. Rejects with DeliveryError when it was not within its time to live or never will be,
   * with BufferFullError and ProducerClosedError when it was not taken at all.
   */
  put(record: ProducerRecord): Promise<PutResult> {
    if (this.#isClosed) return Promise.reject(new ProducerClosedError('the producer is closed'));
    if (!isRecord(record)) return refused('a record has a text as its partitionKey, and text or bytes as its data');
    const { partitionKey, explicitHashKey, data } = record;
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    if (partitionKey.length < 1 || partitionKey.length > longestKey || bytes.length > mostBytes)
      return refused(`a record has a key of 1 to ${longestKey} characters and ${mostBytes} bytes at most`);
    const cost = costOf({ partitionKey, data: bytes });
    if (this.#ledger.isFullFor(cost))
      return Promise.reject(
        new BufferFullError(`${this.#ledger.counters.bufferedBytes} bytes wait to be stored: wait for ready()`),
      );
    let upper: number;
    try {
      upper = upperOf(partitionKey, explicitHashKey);
    } catch {
      return refused(`${explicitHashKey} is no hash key`);
    }
    return new Promise((resolve, reject) => {
      const putMs = Math.floor(this.#clock.monotonicMs());
      const pending: Pending = {
        partitionKey,
        explicitHashKey,
        data: bytes,
        upper,
        order: this.#order++,
        epoch: this.#ledger.epoch,
        cost,
        putMs,
        deadlineMs: putMs + this.#settings.recordTtlMs,
        attempts: noAttempts,
        failures: 0,
        span: callerSpan(),
        resolve,
        reject,
      };
      this.#ledger.admit(pending);
      this.#delivery.sweepLater();
      if (this.#payloads === undefined) this.#delivery.take(pending);
      else this.#payloads.add(pending);
    });
  }

  /** Resolves when there is room for more; at once when there is. */
  ready(): Promise<void> {
    if (!this.#ledger.hasRoom) this.#delivery.flushIfIdle();
    return this.#ledger.room();
  }

  /**
   * Puts all records of a source, waiting for room; yields each result when it is there, in the order of the records. Throws the
   * error of the first record that fails; where the caller leaves early, what was put by then is still stored.
   */
  putAll(records: AsyncIterable<ProducerRecord> | Iterable<ProducerRecord>): AsyncGenerator<PutResult> {
    return putAll(this, records);
  }

  /** A stream of objects whose writes are puts; a record that fails ends it with its error. */
  writable(): Writable {
    return writableOf(this);
  }

  /** Sends what waits for others, and resolves when everything that was put before is stored or given up. */
  async flush(): Promise<void> {
    const settled = this.#ledger.settled();
    await this.#payloads?.drained();
    this.#delivery.flush();
    await settled;
  }

  /** Takes no more records, and resolves when all are stored or given up. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.flush();
    this.#delivery.stop();
  }

  /** How much was done, and how much is being done. */
  metrics(): ProducerMetrics {
    return { ...this.#ledger.counters };
  }
}

/** What a record counts for in memory. */
function costOf({ partitionKey, data }: UserRecord): number {
  return data.length + partitionKey.length + besideBytes;
}

/** Whoever calls from JavaScript, or hands on what was parsed, may put anything. */
function isRecord(record: unknown): record is ProducerRecord {
  if (typeof record !== 'object' || record === null) return false;
  const { partitionKey, explicitHashKey, data } = record as Partial<Record<keyof ProducerRecord, unknown>>;
  return (
    typeof partitionKey === 'string' &&
    (explicitHashKey === undefined || typeof explicitHashKey === 'string') &&
    (typeof data === 'string' || data instanceof Uint8Array)
  );
}

function refused(message: string): Promise<never> {
  return Promise.reject(new DeliveryError(message, noAttempts));
}
