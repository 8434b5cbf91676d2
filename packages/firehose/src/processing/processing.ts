import type { StoredRecord } from '@millrace/log';
import type { FailedRecord } from '../delivery/failed-record.ts';
import { fitsCall, FunctionBatch } from './lambda/function-batch.ts';
import { transform } from './lambda/transform.ts';
import type { Transformed, TransformContext } from './lambda/transform.ts';
import { extractedKeys, queryBatch } from './metadata-extraction.ts';
import type { QueryEngine } from './metadata-extraction.ts';
import type { Steps } from './steps.ts';
import { failedPart } from './processed-record.ts';
import type { ProcessedRecord, RecordPart } from './processed-record.ts';
import { ProcessingError } from './processing-error.ts';
import { sourceRecords } from './source-record.ts';
import type { SourceOrigin, SourceRecord } from './source-record.ts';
import { runSteps } from './record-steps.ts';

export type { ProcessedRecord } from './processed-record.ts';

export interface ProcessingContext extends Omit<TransformContext, 'settings'> {
  readonly queries: QueryEngine;
  readonly isFromStream: boolean;
}

/** Takes those that could not be processed. */
export type TakeFailed = (records: readonly FailedRecord[]) => Promise<void>;

/** Takes records; their data are lent until it has resolved. */
export type Take = (records: readonly ProcessedRecord[]) => Promise<void> | void;

/** Calls of a function at once: their answers are taken in the order of the records. */
const callsAtOnce = 4;

/** What a page may become before it is handed on: decompressed, it may be a thousand times what it was. */
const bytesAtOnce = 4 << 20;

/** The code is Lambda's own. */
const noCall = new ProcessingError(
  'Lambda.RequestTooLargeException',
  'The record is larger than the 6 MiB that a function can be called with.',
);

/** What processing holds in memory beside the records that it hands over: of a call's records their text, the event and the answer. */
export function processingBytes({ lambda, query }: Steps): number {
  return (
    (lambda === undefined ? 0 : callsAtOnce * lambda.bufferBytes * 8) + (query === undefined ? 0 : queryBatch.bytes * 4)
  );
}

/** What becomes of a window's records on their way from the log to the destination; their order stays. */
export class Processing {
  readonly #steps: Steps;
  readonly #context: ProcessingContext;
  readonly #take: Take;
  readonly #isPlain: boolean;
  #batch: FunctionBatch | undefined;
  /** In the order of their records. */
  readonly #calls: Promise<Transformed>[] = [];
  readonly #takeFailed: TakeFailed;
  /** Since they were handed over last. */
  #failed: FailedRecord[] = [];

  constructor(steps: Steps, context: ProcessingContext, to: { readonly take: Take; readonly takeFailed: TakeFailed }) {
    this.#steps = steps;
    this.#context = context;
    this.#take = to.take;
    this.#takeFailed = to.takeFailed;
    const { alone, lambda, query, delimiter } = steps;
    this.#isPlain = alone.length === 0 && lambda === undefined && query === undefined && delimiter === undefined;
  }

  /** Takes a page of records in; their data are lent until it has resolved. */
  async add(page: readonly StoredRecord[], from: SourceOrigin): Promise<void> {
    const { isFromStream } = this.#context;
    // Nothing is made of most records.
    const { logId } = from;
    if (this.#isPlain && !isFromStream)
      return this.#take(page.map(({ data, arrivalMs, index }) => ({ data, arrivalMs, logId, index, piece: 0 })));
    let [parts, bytes]: [RecordPart[], number] = [[], 0];
    for (const record of page) {
      const { arrivalMs, index } = record;
      let piece = 0;
      for (const source of sourceRecords(record, from, isFromStream)) {
        const made = this.#stepped(source, record.index);
        const isOneOfMany = made.length > 1;
        for (const data of made) {
          parts.push({ source, data, arrivalMs, logId, index, piece: piece++, isOneOfMany });
          bytes += data.length;
        }
        if (bytes < bytesAtOnce) continue;
        await this.#hand(parts);
        [parts, bytes] = [[], 0];
        await this.#othersTurn();
      }
    }
    await this.#hand(parts);
  }

  /** To the function, or on where there is none. */
  async #hand(parts: readonly RecordPart[]): Promise<void> {
    const { lambda } = this.#steps;
    if (lambda === undefined) return this.#finish(parts);
    for (const part of parts) {
      if (!fitsCall(part)) {
        this.#failed.push(failedPart(part, noCall, { lambdaArn: lambda.arn }));
        continue;
      }
      this.#batch ??= new FunctionBatch(lambda.bufferBytes);
      if (this.#batch.add(part)) continue;
      await this.#callFunction(this.#batch);
      this.#batch = new FunctionBatch(lambda.bufferBytes);
      this.#batch.add(part);
    }
    await this.#handOverFailed();
  }

  /** Resolves when the last record is handed over, and the last that failed. */
  async end(): Promise<void> {
    if (this.#batch !== undefined) await this.#callFunction(this.#batch);
    this.#batch = undefined;
    while (this.#calls.length > 0) await this.#finishCall();
    await this.#handOverFailed();
  }

  async #handOverFailed(): Promise<void> {
    const failed = this.#failed;
    this.#failed = [];
    await this.#takeFailed(failed);
  }

  /** Records are decompressed in this thread, which others wait for; who stops does not wait for all of a window. */
  async #othersTurn(): Promise<void> {
    const { world, signal } = this.#context;
    await new Promise<void>((resolve) => world.clock.setTimer(0, resolve));
    signal.throwIfAborted();
  }

  #stepped(source: SourceRecord, index: number): readonly Buffer[] {
    const { alone } = this.#steps;
    const { data } = source;
    if (alone.length === 0) return [data];
    try {
      return runSteps(alone, data);
    } catch (error) {
      const { arrivalMs, origin } = source;
      const part = { source, data, arrivalMs, logId: origin.logId, index, piece: 0, isOneOfMany: false };
      this.#failed.push(failedPart(part, processingError(error)));
      return [];
    }
  }

  async #callFunction(batch: FunctionBatch): Promise<void> {
    const call = transform(batch, { ...this.#context, settings: this.#steps.lambda! });
    // Heard of when its turn comes; processing that ends before asks no more.
    call.catch(() => undefined);
    this.#calls.push(call);
    if (this.#calls.length >= callsAtOnce) await this.#finishCall();
  }

  async #finishCall(): Promise<void> {
    const { parts, failed } = await this.#calls.shift()!;
    for (const one of failed) this.#failed.push(one);
    await this.#finish(parts);
  }

  /** What comes behind a function, or all there is. */
  async #finish(parts: readonly RecordPart[]): Promise<void> {
    const { query, delimiter } = this.#steps;
    const keyed = query === undefined ? parts : await this.#extracted(query, parts);
    await this.#take(
      delimiter === undefined ? keyed : keyed.map((part) => ({ ...part, data: Buffer.concat([part.data, delimiter]) })),
    );
    await this.#handOverFailed();
  }

  async #extracted(query: string, parts: readonly RecordPart[]): Promise<RecordPart[]> {
    const { queries, metrics, world, signal } = this.#context;
    const keyed: RecordPart[] = [];
    for (const batch of batchesOf(parts)) {
      const begunMs = world.clock.monotonicMs();
      const texts = batch.map(({ data }) => data.toString());
      // A query may take its time with every batch of a window: who stops does not wait for it.
      const answers = await unlessAborted(() => queries.run(query, texts), signal);
      metrics.observe('JQProcessing.Duration', world.clock.monotonicMs() - begunMs);
      for (const [at, part] of batch.entries())
        try {
          keyed.push({ ...part, keys: { ...part.keys, query: extractedKeys(answers[at]!) } });
        } catch (error) {
          this.#failed.push(failedPart(part, processingError(error)));
        }
    }
    return keyed;
  }
}

/** Rejects as soon as `signal` fires; what was begun goes on, and nobody hears of it any more. */
async function unlessAborted<Result>(begin: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
  const stop = Promise.withResolvers<never>();
  const abort = (): void => stop.reject(new Error('delivery stops'));
  signal.addEventListener('abort', abort);
  try {
    signal.throwIfAborted();
    return await Promise.race([begin(), stop.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function processingError(error: unknown): ProcessingError {
  if (!(error instanceof ProcessingError)) throw error;
  return error;
}

function* batchesOf(parts: readonly RecordPart[]): Generator<readonly RecordPart[]> {
  let [start, bytes] = [0, 0];
  for (const [at, { data }] of parts.entries()) {
    if (at > start && (at - start >= queryBatch.records || bytes + data.length > queryBatch.bytes)) {
      yield parts.slice(start, at);
      [start, bytes] = [at, 0];
    }
    bytes += data.length;
  }
  if (start < parts.length) yield parts.slice(start);
}
