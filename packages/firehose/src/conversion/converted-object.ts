import { createHash } from 'node:crypto';
import type { Bucket } from '../delivery/attempt.ts';
import type { Delivery, OpenObject } from '../delivery/delivery.ts';
import type { ProcessedRecord } from '../processing/processed-record.ts';
import type { Unconverted } from './conversions.ts';
import type { StreamPlace } from './conversion-error-line.ts';
import { conversionErrorLine } from './conversion-error-line.ts';
import { beginConversion, tableOf } from './schema.ts';
import type { WholeConversion } from './settings.ts';

/** What is converted in one call: of many small pieces together, and of one that is large a part. */
const callBytes = 1 << 20;
/** What lines of records that failed may hold; a line is longer than its record. */
const failedBytes = 16 << 20;

/** A page's records, copied: what the log lends is taken back. */
interface Page {
  readonly bytes: Buffer;
  /** Where each record ends. */
  readonly ends: readonly number[];
  readonly arrivalsMs: readonly number[];
  readonly places: readonly (StreamPlace | undefined)[];
}

/** Which object, where, and by what its records are converted. */
interface Target {
  readonly s3: Bucket;
  /** The object's; `content` keeps apart the objects of different tries. */
  readonly nameOf: (content: string) => string;
  /** Of an object at the error prefix with what did not convert. */
  readonly errorNameOf: (content: string) => string;
  readonly conversion: WholeConversion;
}

/** What was made of an object's records. */
interface Converted {
  /**
   * Of the records and the table: what is made of others has another name, so that a put that was given up and lands late
   * replaces nothing with other records in it.
   */
  readonly content: string;
  /** The file; nothing where no record converts. */
  readonly body: readonly Buffer[];
  readonly taken: { readonly Records: number; readonly Bytes: number };
  /** What did not convert; the last of it is still to be stored. */
  readonly failed: FailedLines;
}

/**
 * An object of converted records. They are kept as they came until it is stored, and converted then, few objects at a time:
 * a delivery may have hundreds open, and a file that is being made takes memory by the column, whatever is in it.
 */
export class ConvertedObject implements OpenObject {
  readonly #delivery: Delivery;
  readonly #target: Target;
  /** Of all that was added: processing may make something else of the same records when it is tried again. */
  readonly #content = createHash('sha1');
  #pages: Page[] = [];

  constructor(delivery: Delivery, target: Target) {
    this.#delivery = delivery;
    this.#target = target;
  }

  add(records: readonly ProcessedRecord[]): void {
    if (records.length === 0) return;
    let end = 0;
    const bytes = Buffer.concat(records.map(({ data }) => data));
    this.#content.update(bytes);
    this.#pages.push({
      bytes,
      ends: records.map(({ data }) => (end += data.length)),
      arrivalsMs: records.map(({ arrivalMs }) => arrivalMs),
      places: records.map(placeOf),
    });
  }

  /** The records that do not convert stand at the error prefix before the object is stored. */
  async store(): Promise<void> {
    if (this.#pages.length === 0) return;
    const { conversionTurns } = this.#delivery.service;
    await conversionTurns.acquire(1);
    let file: Converted;
    try {
      file = await this.#convert();
    } finally {
      conversionTurns.release(1);
    }
    // A store that hangs is not to hold up everyone else's conversions.
    await file.failed.store();
    this.discard();
    const { s3, nameOf } = this.#target;
    if (file.body.length > 0) await this.#delivery.store(s3, nameOf(file.content), file.body);
    this.#count(file);
  }

  discard(): void {
    this.#pages = [];
  }

  #count({ body, taken, failed }: Converted): void {
    const { metrics } = this.#delivery;
    if (body.length > 0) metrics.count('DeliveryToS3.ObjectCount');
    for (const what of ['Records', 'Bytes'] as const) {
      const converted = taken[what] - failed.counted[what];
      metrics.count(`DeliveryToS3.${what}`, converted);
      metrics.count(`SucceedConversion.${what}`, converted);
      metrics.count(`FailedConversion.${what}`, failed.counted[what]);
    }
  }

  async #convert(): Promise<Converted> {
    const { service, stream, signal } = this.#delivery;
    // Of those that waited for their turn when delivery ends, none begins.
    signal.throwIfAborted();
    const body: Buffer[] = [];
    const sink = (bytes: Uint8Array): void => {
      body.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    };
    const begun = await beginConversion(service, this.#target.conversion, { place: stream, sink });
    const { conversion } = begun;
    const content = this.#content.update(JSON.stringify(begun.columns)).digest('hex');
    const failed = new FailedLines(this.#delivery, this.#target, content);
    const taken = { Records: 0, Bytes: 0 };
    try {
      for (const call of callsOf(this.#pages)) {
        const { records } = call;
        signal.throwIfAborted();
        await failed.take(call, await conversion.add(records));
        taken.Records += records.length;
        for (const { length } of records) taken.Bytes += length;
      }
      const { rows } = await conversion.finish();
      return { content, body: rows === 0 ? [] : body, taken, failed };
    } finally {
      await conversion.close();
    }
  }
}

/** Records that did not convert, as lines, stored in objects of a bounded size. */
class FailedLines {
  readonly #delivery: Delivery;
  readonly #target: Target;
  readonly #content: string;
  #lines: Buffer[] = [];
  #bytes = 0;
  #part = 0;
  readonly #codes = new Set<string>();
  readonly counted = { Records: 0, Bytes: 0 };

  constructor(delivery: Delivery, target: Target, content: string) {
    this.#delivery = delivery;
    this.#target = target;
    this.#content = content;
  }

  async take({ records, arrivalsMs, places }: Call, failed: readonly Unconverted[]): Promise<void> {
    const { service, stream } = this.#delivery;
    const table = tableOf(this.#target.conversion, stream);
    for (const { index, errorCode: code, errorMessage: message } of failed) {
      const record = { data: records[index]!, arrivalMs: arrivalsMs[index]!, code, message };
      // Of each kind of fault one is told.
      if (!this.#codes.has(code)) this.#delivery.logFault({ code, message });
      this.#codes.add(code);
      this.counted.Records += 1;
      this.counted.Bytes += record.data.length;
      const line = Buffer.from(conversionErrorLine(record, service.world.clock.now(), { table, place: places[index] }));
      this.#lines.push(line);
      this.#bytes += line.length;
      if (this.#bytes >= failedBytes) await this.store();
    }
  }

  async store(): Promise<void> {
    if (this.#lines.length === 0) return;
    this.#part += 1;
    const { s3, errorNameOf } = this.#target;
    await this.#delivery.store(s3, errorNameOf(`${this.#content} ${this.#part}`), this.#lines);
    [this.#lines, this.#bytes] = [[], 0];
  }
}

/** Nothing of the record's data. */
function placeOf({ source }: ProcessedRecord): StreamPlace | undefined {
  if (source?.origin.shard === undefined) return undefined;
  const { index, arrivalMs, part } = source;
  return { shard: source.origin.shard, index, arrivalMs, subSequenceNumber: part?.subSequenceNumber };
}

interface Call {
  readonly records: Buffer[];
  readonly arrivalsMs: number[];
  readonly places: (StreamPlace | undefined)[];
}

function emptyCall(): Call {
  return { records: [], arrivalsMs: [], places: [] };
}

function* callsOf(pages: readonly Page[]): Generator<Call> {
  let [call, bytes] = [emptyCall(), 0];
  for (const page of pages) {
    let from = 0;
    for (const [index, end] of page.ends.entries()) {
      call.records.push(page.bytes.subarray(from, end));
      call.arrivalsMs.push(page.arrivalsMs[index]!);
      call.places.push(page.places[index]);
      bytes += end - from;
      from = end;
      // A partition is one page, however large.
      if (bytes < callBytes) continue;
      yield call;
      [call, bytes] = [emptyCall(), 0];
    }
  }
  if (call.records.length > 0) yield call;
}
