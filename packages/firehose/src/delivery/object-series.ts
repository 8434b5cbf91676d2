import type { ProcessedRecord } from '../processing/processed-record.ts';
import type { Bucket } from './attempt.ts';
import type { Delivery, OpenObject } from './delivery.ts';

/**
 * Objects one after the other: functions and decompression may make much more of a window than it was, and no object is to hold
 * more than twice what the hints say. What is no more than the window goes into one.
 */
export class ObjectSeries {
  readonly #delivery: Delivery;
  readonly #s3: Bucket;
  readonly #mostBytes: number;
  #object: OpenObject | undefined;
  #count = 0;
  #bytes = 0;

  constructor(delivery: Delivery, s3: Bucket) {
    this.#delivery = delivery;
    this.#s3 = s3;
    // A buffer that has grown is one object all the same.
    this.#mostBytes = Math.max(mostBytes(s3), delivery.attempt.window.bytes);
  }

  async add(records: readonly ProcessedRecord[]): Promise<void> {
    if (this.#bytes >= this.#mostBytes) await this.store();
    if (this.#object === undefined) {
      this.#count += 1;
      this.#object = this.#delivery.openObject(this.#count === 1 ? 'object' : `object ${this.#count}`, this.#s3);
    }
    for (const { data } of records) this.#bytes += data.length;
    await this.#object.add(records);
  }

  /** Stores what is open; what is added then begins another object. */
  async store(): Promise<void> {
    await this.#object?.store();
    this.discard();
  }

  /** Lets go of what it holds. */
  discard(): void {
    this.#object?.discard();
    this.#object = undefined;
    this.#bytes = 0;
  }
}

/** What is held of a bucket's records before they are stored. */
export function mostBytes({ BufferingHints: { SizeInMBs: size } }: Bucket): number {
  return 2 * (size! << 20);
}
