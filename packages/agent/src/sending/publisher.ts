import type { Clock, Random, Timer } from '@millrace/world';
import type { Counters } from './counters.ts';
import type { OutgoingRecord, Put } from './destination.ts';

export interface PublisherOptions {
  readonly put: Put;
  readonly clock: Clock;
  readonly random: Random;
  readonly counters: Counters;
  readonly maxRecords: number;
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  /** Requests that may wait. */
  readonly capacity: number;
  readonly maxBufferedBytes: number;
  /** Requests on the way at once. */
  readonly inFlight: number;
  readonly initialBackoffMs: number;
  readonly maxBackoffMs: number;
  /** All records up to a place of a source are stored; called in order. */
  onStored(positions: ReadonlyMap<object, unknown>): void;
  onFailure(reason: string, records: number): void;
  /** After each request. */
  onRequest(outcome: { records: number; stored: number; bytes: number; isError: boolean }): void;
}

interface Batch {
  records: OutgoingRecord[];
  bytes: number;
  /** By source, how far it is read when these records are stored. */
  readonly positions: Map<object, unknown>;
  isStored: boolean;
}

/**
 * Gathers records into requests and sends them until they are stored, the failed ones of a request alone again and again.
 *
 * Positions are told in the order in which they were added, and only when every record before them was stored. Where one request is
 * on the way at a time, records are stored in order but for those that the service refused out of the middle of a request.
 */
export class Publisher {
  readonly #options: PublisherOptions;
  #current: Batch = emptyBatch();
  #ageTimer: Timer | undefined;
  /** Sealed, in order; the first `#sending` are on the way or stored. */
  readonly #batches: Batch[] = [];
  #sending = 0;
  #bytes = 0;
  #failures = 0;
  #isStopped = false;
  #waitingForRoom: (() => void)[] = [];
  #waitingForQuiet: (() => void)[] = [];

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  get bufferedBytes(): number {
    return this.#bytes;
  }

  /** Several requests in a row were not stored. */
  get isFailing(): boolean {
    return this.#failures >= 3;
  }

  /** `position` counts once this record and all before it are stored; none where the record is not the end of anything. */
  add(record: OutgoingRecord, source: object, position: unknown): void {
    const { maxRecords, maxBytes } = this.#options;
    const bytes = sizeOf(record);
    const { records } = this.#current;
    if (records.length > 0 && (records.length >= maxRecords || this.#current.bytes + bytes > maxBytes)) this.seal();
    this.#current.records.push(record);
    this.#current.bytes += bytes;
    this.#bytes += bytes;
    this.advance(source, position);
    if (this.#current.records.length >= maxRecords) this.seal();
  }

  /** The source was read on without a record. */
  advance(source: object, position: unknown): void {
    if (position !== undefined) this.#current.positions.set(source, position);
    this.#ageTimer ??= this.#options.clock.setTimer(this.#options.maxAgeMs, () => this.seal());
  }

  /** Sends what was gathered without waiting for more. */
  seal(): void {
    this.#ageTimer?.cancel();
    this.#ageTimer = undefined;
    if (this.#current.records.length === 0 && this.#current.positions.size === 0) return;
    this.#batches.push(this.#current);
    this.#current = emptyBatch();
    this.#pump();
  }

  /** Resolves when there is room for more. */
  async room(): Promise<void> {
    const { capacity, maxBufferedBytes } = this.#options;
    while (this.#batches.length >= capacity || this.#bytes >= maxBufferedBytes) {
      if (this.#batches.length === 0) this.seal();
      await new Promise<void>((resolve) => void this.#waitingForRoom.push(resolve));
    }
  }

  /** Sends what was gathered; resolves when everything that was added is stored. */
  async flush(): Promise<void> {
    this.seal();
    if (this.#batches.length > 0) await new Promise<void>((resolve) => void this.#waitingForQuiet.push(resolve));
  }

  /** No further request begins. */
  stop(): void {
    this.#isStopped = true;
    this.#ageTimer?.cancel();
  }

  #pump(): void {
    while (!this.#isStopped && this.#sending < Math.min(this.#batches.length, this.#options.inFlight)) {
      const batch = this.#batches[this.#sending]!;
      this.#sending += 1;
      void this.#send(batch);
    }
  }

  async #send(batch: Batch): Promise<void> {
    while (batch.records.length > 0) {
      const failed = await this.#try(batch);
      if (this.#isStopped && failed.length > 0) return;
      batch.records = failed;
      if (failed.length > 0) await this.#backOff();
      if (this.#isStopped && failed.length > 0) return;
    }
    batch.isStored = true;
    this.#settle();
  }

  /** One request; answers what was not stored. */
  async #try({ records }: Batch): Promise<OutgoingRecord[]> {
    const { put, counters, onFailure, onRequest } = this.#options;
    counters.requests += 1;
    counters.recordsAttempted += records.length;
    try {
      const { failed, reason } = await put(records);
      const again = failed.map((at) => records[at]!);
      const bytes = sum(records) - sum(again);
      counters.recordsSent += records.length - again.length;
      counters.bytesSent += bytes;
      counters.recordsFailed += again.length;
      onRequest({ records: records.length, stored: records.length - again.length, bytes, isError: false });
      if (again.length === 0) this.#failures = this.#failures < 10 ? 0 : this.#failures / 10;
      else {
        this.#failures += again.length / records.length;
        counters.lastError = reason;
        onFailure(reason ?? 'no reason was given', again.length);
      }
      return again;
    } catch (error) {
      this.#failures += 1;
      const { name, message } = error as Error;
      counters.serviceErrors += 1;
      counters.lastError = `${name}: ${message}`;
      onRequest({ records: records.length, stored: 0, bytes: 0, isError: true });
      onFailure(counters.lastError, records.length);
      return records;
    }
  }

  /** Twice as long after each failure, up to the longest; 30 % to either side, so that agents do not come all at once. */
  #backOff(): Promise<void> {
    const { clock, random, initialBackoffMs, maxBackoffMs } = this.#options;
    const ms = Math.min(maxBackoffMs, initialBackoffMs * 2 ** Math.min(30, this.#failures));
    return new Promise((resolve) => void clock.setTimer(ms * (0.7 + random.fraction() * 0.6), resolve));
  }

  #settle(): void {
    while (this.#batches[0]?.isStored === true) {
      const { bytes, positions } = this.#batches.shift()!;
      this.#sending -= 1;
      this.#bytes -= bytes;
      if (positions.size > 0) this.#options.onStored(positions);
    }
    this.#pump();
    for (const resolve of this.#waitingForRoom.splice(0)) resolve();
    if (this.#batches.length === 0) for (const resolve of this.#waitingForQuiet.splice(0)) resolve();
  }
}

function emptyBatch(): Batch {
  return { records: [], bytes: 0, positions: new Map(), isStored: false };
}

function sizeOf({ data, partitionKey = '' }: OutgoingRecord): number {
  return data.length + partitionKey.length;
}

function sum(records: readonly OutgoingRecord[]): number {
  return records.reduce((total, record) => total + sizeOf(record), 0);
}
