import { deaggregate } from '@millrace/aggregation';
import type { StoredRecord } from '@millrace/log';
import type { ProcessingConfiguration } from '@millrace/model/firehose';
import type { FailedRecord } from '../delivery/failed-record.ts';
import { ProcessingError } from './processing-error.ts';
import { runSteps, stepsOf } from './steps.ts';
import type { Step } from './steps.ts';

/** A record on its way to its destination. */
export interface ProcessedRecord {
  readonly data: Buffer;
  /** Of the record that it was made from. */
  readonly arrivalMs: number;
  /** The shard of the log that it lies in, its index there, and which of those made from that record this is: never another's. */
  readonly logId: number;
  readonly index: number;
  readonly piece: number;
}

/** What becomes of a window's records on their way from the log to the destination. */
export class Processing {
  readonly #steps: readonly Step[];
  readonly #isFromStream: boolean;
  /** Records that could not be processed, as they were. */
  readonly failed: FailedRecord[] = [];

  constructor(configuration: ProcessingConfiguration | undefined, isFromStream: boolean) {
    this.#steps = stepsOf(configuration);
    this.#isFromStream = isFromStream;
  }

  /** Hands over what a page of a shard's records became; the data are lent as the page's are, until `take` has resolved. */
  async run(
    logId: number,
    page: readonly StoredRecord[],
    take: (records: readonly ProcessedRecord[]) => Promise<void> | void,
  ): Promise<void> {
    const processed: ProcessedRecord[] = [];
    for (const record of page) {
      const { arrivalMs, index } = record;
      let piece = 0;
      for (const data of this.#of(record)) {
        processed.push({ data, arrivalMs, logId, index, piece });
        piece += 1;
      }
    }
    await take(processed);
  }

  /** What a producer aggregated is taken apart, as AWS does with records of a stream. */
  #of(record: StoredRecord): readonly Buffer[] {
    if (!this.#isFromStream) return this.#processed(record.data, record.arrivalMs);
    return deaggregate(record).flatMap(({ data }) => this.#processed(viewOf(data), record.arrivalMs));
  }

  #processed(data: Buffer, arrivalMs: number): readonly Buffer[] {
    if (this.#steps.length === 0) return [data];
    try {
      return runSteps(this.#steps, data);
    } catch (error) {
      if (!(error instanceof ProcessingError)) throw error;
      this.failed.push({ arrivalMs, code: error.code, message: error.message, data: Buffer.from(data) });
      return [];
    }
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
