import { deaggregate } from '@millrace/aggregation';
import type { StoredRecord } from '@millrace/log';
import type { ProcessingConfiguration } from '@millrace/model/firehose';
import { ProcessingError } from '../processing/processing-error.ts';
import { runSteps, stepsOf } from '../processing/steps.ts';
import type { Step } from '../processing/steps.ts';
import type { FailedRecord } from './error-record.ts';
import type { HttpBatchRecord } from './to-http-endpoint.ts';

/** What becomes of the records of one object on their way from the log into it. */
export class PageProcessing {
  readonly #steps: readonly Step[];
  readonly #isFromStream: boolean;
  /** Records that could not be processed, as they were. */
  readonly failed: FailedRecord[] = [];
  /** Of all that was processed. */
  bytes = 0;

  constructor(configuration: ProcessingConfiguration | undefined, isFromStream: boolean) {
    this.#steps = stepsOf(configuration);
    this.#isFromStream = isFromStream;
  }

  /** One copy of a page's data: what the log lends is lent for this moment only. */
  process(records: readonly StoredRecord[]): Buffer {
    const page = Buffer.concat(records.flatMap((record) => this.#of(record)));
    this.bytes += page.length;
    return page;
  }

  /** The same, record by record: a page may hold more than a call takes arguments. */
  processEach(records: readonly StoredRecord[], into: HttpBatchRecord[]): void {
    for (const record of records)
      for (const data of this.#of(record)) {
        into.push({ data: Buffer.from(data), arrivalMs: record.arrivalMs });
        this.bytes += data.length;
      }
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
