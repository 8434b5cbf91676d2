import type { Delivery } from './delivery.ts';
import type { FailedRecord } from './failed-record.ts';

/** What records that failed may hold: in their object a record takes a third more, and the line around it. */
const mostBytes = 16 << 20;
/** Of a record beside its data. */
const recordBytes = 512;

/**
 * Records that failed, on their way to the error prefix: stored in the end, those that are too many to hold before. What fails
 * may be much more than the window was, where it was decompressed or a function made more of it.
 */
export class FailedSeries {
  readonly #delivery: Delivery;
  readonly #role: string;
  #records: FailedRecord[] = [];
  #bytes = 0;
  #parts = 0;

  /** `role` keeps apart the series of one delivery. */
  constructor(delivery: Delivery, role: string) {
    this.#delivery = delivery;
    this.#role = role;
  }

  async add(records: readonly FailedRecord[]): Promise<void> {
    for (const record of records) {
      this.#records.push(record);
      this.#bytes += record.data.length + recordBytes;
      if (this.#bytes >= mostBytes) await this.#storePart();
    }
  }

  /** Resolves when all of them are stored, and what failed besides. */
  async end(others: readonly FailedRecord[]): Promise<void> {
    await this.#delivery.storeFailed('processing-failed', [...others, ...this.take()]);
  }

  /** Those that are not stored yet: they are the caller's now. */
  take(): FailedRecord[] {
    const records = this.#records;
    [this.#records, this.#bytes] = [[], 0];
    return records;
  }

  async #storePart(): Promise<void> {
    this.#parts += 1;
    await this.#delivery.storeFailed('processing-failed', this.take(), `${this.#role} ${this.#parts}`);
  }
}
