import type { Kinesis, PutRecordsRequestEntry } from '@aws-sdk/client-kinesis';
import { aggregate } from '@millrace/aggregation';
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';

/** How many partition keys there are: key-0, key-1, … */
export const keys = 40;

export interface LoadOptions {
  readonly everyMs: number;
  readonly hasAggregated: boolean;
  /** The data of a record. */
  textOf(key: string, ordinal: number): string;
}

/** Puts a record, or two in an aggregated one, for each key into the stream `events`, again and again until it is ended. */
export class Load {
  /** Records put for each key: their ordinals are 0 to rounds - 1. */
  rounds = 0;
  #isOn = true;
  #failure = 'no failure';
  readonly #putting: Promise<void>;
  readonly #client: Kinesis;
  readonly #options: LoadOptions;

  constructor(client: Kinesis, options: LoadOptions) {
    this.#client = client;
    this.#options = options;
    this.#putting = this.#put(options);
    this.#putting.catch((error: unknown) => (this.#failure = String(error)));
  }

  async #put({ everyMs, hasAggregated }: LoadOptions): Promise<void> {
    let count = 1;
    while (this.#isOn) {
      // Turn and turn about: one record a key, and two in an aggregated one.
      count = hasAggregated && count === 1 ? 2 : 1;
      const Records = Array.from({ length: keys }, (_, key) => this.#record(`key-${key}`, count));
      const answer = await this.#client.putRecords({ StreamName: 'events', Records });
      assert.equal(answer.FailedRecordCount ?? 0, 0);
      this.rounds += count;
      await delay(everyMs);
    }
  }

  /** Rejects when a put had failed. */
  async end(): Promise<void> {
    this.#isOn = false;
    await this.#putting;
  }

  /** Ends it whatever has happened. */
  async stop(): Promise<void> {
    await this.end().catch(() => {});
  }

  summary(): string {
    return `${this.rounds} rounds put, ${this.#failure}`;
  }

  #record(key: string, count: number): PutRecordsRequestEntry {
    const users = Array.from({ length: count }, (_, index) => ({
      partitionKey: key,
      data: Buffer.from(this.#options.textOf(key, this.rounds + index)),
    }));
    const [record] = count === 1 ? users : [...aggregate(users)];
    return { PartitionKey: record!.partitionKey, Data: record!.data };
  }
}
