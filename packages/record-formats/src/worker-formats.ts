import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { AddedRecords, DataFile, DataFiles, TableLayout } from '@millrace/iceberg';
import type { Conversion, FailedRecord } from './conversion.ts';
import { ConversionSettingsError } from './errors.ts';
import type { Reply, Request, Result } from './messages.ts';
import type { FormatsOptions, RecordFormats } from './open-formats.ts';
import type { FileSink, FileSummary } from './row-file.ts';
import type { ConversionSettings } from './settings.ts';

interface Call {
  readonly resolve: (result: Result) => void;
  readonly reject: (error: Error) => void;
}

/** Without a number, which `ask` gives. */
type Asked<Kind = Request> = Kind extends { readonly call: number } ? Omit<Kind, 'call'> : never;

/** What is to be made. */
type What =
  | { readonly kind: 'create'; readonly settings: ConversionSettings }
  | { readonly kind: 'createTable'; readonly layout: TableLayout };

/** Conversions in one worker. When it dies its conversions reject, and the next one starts another. */
export class WorkerFormats implements RecordFormats {
  readonly #options: Required<FormatsOptions>;
  #worker: ConversionWorker | undefined;

  constructor(options: Required<FormatsOptions>) {
    this.#options = options;
  }

  async createConversion(settings: ConversionSettings, sink: FileSink): Promise<Conversion> {
    const worker = this.#running();
    const number = await worker.create({ kind: 'create', settings }, sink);
    return new WorkerConversion(worker, number);
  }

  async createDataFiles(layout: TableLayout, sink: FileSink): Promise<DataFiles> {
    const worker = this.#running();
    const number = await worker.create({ kind: 'createTable', layout }, sink);
    return new WorkerTableFiles(worker, number);
  }

  #running(): ConversionWorker {
    if (this.#worker?.hasEnded !== false) this.#worker = new ConversionWorker(this.#options);
    return this.#worker;
  }

  async close(): Promise<void> {
    await this.#worker?.end();
    this.#worker = undefined;
  }
}

class ConversionWorker {
  readonly #worker: Worker;
  readonly #calls = new Map<number, Call>();
  readonly #sinks = new Map<number, FileSink>();
  #numbers = 0;
  #end: Error | undefined;
  /** Resolves when the worker is gone, and its files. */
  readonly #gone: Promise<void>;

  constructor({ heapLimitMib, scratchFolder, memoryLimitBytes }: Required<FormatsOptions>) {
    const folder = join(scratchFolder, `worker-${randomUUID()}`);
    const workerData: FormatsOptions = { scratchFolder: folder, memoryLimitBytes };
    // Sources run unbuilt, where the file has its other ending.
    const file = import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js';
    const resourceLimits = { maxOldGenerationSizeMb: heapLimitMib };
    this.#worker = new Worker(new URL(file, import.meta.url), { workerData, resourceLimits });
    // Only calls under way keep a process from ending.
    this.#worker.unref();
    this.#worker.on('message', (reply: Reply) => this.#receive(reply));
    this.#worker.on('error', (error: Error) => this.#fail(error));
    this.#gone = new Promise((resolve) => {
      this.#worker.on('exit', () => {
        this.#fail(new Error('it has ended'));
        // One that died has left its files. Where they cannot be removed they stay: the folder may be emptied before the next start.
        rm(folder, { recursive: true, force: true }).then(resolve, () => resolve());
      });
    });
  }

  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  async create(what: What, sink: FileSink): Promise<number> {
    this.#numbers += 1;
    const conversion = this.#numbers;
    this.#sinks.set(conversion, sink);
    try {
      await this.ask({ ...what, conversion });
    } catch (error) {
      this.#sinks.delete(conversion);
      throw error;
    }
    return conversion;
  }

  forget(conversion: number): void {
    this.#sinks.delete(conversion);
  }

  async ask(asked: Asked, transfer: ArrayBuffer[] = []): Promise<Result> {
    if (this.#end !== undefined) throw this.#end;
    this.#numbers += 1;
    const call = this.#numbers;
    return await new Promise<Result>((resolve, reject) => {
      this.#calls.set(call, { resolve, reject });
      this.#worker.ref();
      this.#worker.postMessage({ ...asked, call } satisfies Request, transfer);
    });
  }

  async end(): Promise<void> {
    if (this.#end === undefined) {
      await this.ask({ kind: 'end' }).catch(() => undefined);
      await this.#worker.terminate();
    }
    await this.#gone;
  }

  #receive(reply: Reply): void {
    if (reply.kind === 'bytes') {
      void this.#pass(reply.conversion, reply.bytes);
      return;
    }
    const call = this.#calls.get(reply.call);
    this.#calls.delete(reply.call);
    if (this.#calls.size === 0) this.#worker.unref();
    if (reply.kind === 'done') call?.resolve(reply.result);
    else call?.reject(reply.isSettings ? new ConversionSettingsError(reply.message) : new Error(reply.message));
  }

  async #pass(conversion: number, bytes: Uint8Array): Promise<void> {
    let answer: Request = { kind: 'taken', conversion };
    try {
      await this.#sinks.get(conversion)?.(bytes);
    } catch (error) {
      answer = { ...answer, error: `the sink failed: ${(error as Error).message}` };
    }
    this.#worker.postMessage(answer, []);
  }

  #fail(error: Error): void {
    this.#end ??= new Error(`the worker of record formats has failed: ${error.message}`, { cause: error });
    for (const { reject } of this.#calls.values()) reject(this.#end);
    this.#calls.clear();
    this.#sinks.clear();
  }
}

/** What conversions and the files of tables have in common, seen from this side. */
class WorkerHandle {
  readonly #worker: ConversionWorker;
  readonly #number: number;
  #isClosed = false;

  constructor(worker: ConversionWorker, number: number) {
    this.#worker = worker;
    this.#number = number;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#worker.forget(this.#number);
    if (this.#worker.hasEnded) return;
    try {
      await this.#worker.ask({ kind: 'close', conversion: this.#number });
    } catch (error) {
      // Where the worker has ended, meanwhile too, there is nothing left to give back.
      if (!this.#worker.hasEnded) throw error;
    }
  }

  protected async send(records: readonly Buffer[]): Promise<Result> {
    const ends = new Uint32Array(records.length);
    let total = 0;
    for (const [index, { length }] of records.entries()) {
      total += length;
      ends[index] = total;
    }
    const bytes = new Uint8Array(total);
    for (const [index, record] of records.entries()) bytes.set(record, ends[index]! - record.length);
    const transfer = [bytes.buffer, ends.buffer];
    return await this.#worker.ask({ kind: 'add', conversion: this.#number, bytes, ends }, transfer);
  }

  protected async end(): Promise<Result> {
    return await this.#worker.ask({ kind: 'finish', conversion: this.#number });
  }
}

class WorkerConversion extends WorkerHandle implements Conversion {
  async add(records: readonly Buffer[]): Promise<readonly FailedRecord[]> {
    return ((await this.send(records)) as AddedRecords).failed as readonly FailedRecord[];
  }

  async finish(): Promise<FileSummary> {
    return (await this.end()) as FileSummary;
  }
}

class WorkerTableFiles extends WorkerHandle implements DataFiles {
  async add(records: readonly Buffer[]): Promise<AddedRecords> {
    return (await this.send(records)) as AddedRecords;
  }

  async finishFile(): Promise<DataFile | undefined> {
    return (await this.end()) as DataFile | undefined;
  }
}
