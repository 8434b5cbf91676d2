/** The worker thread: conversions by their numbers, for the thread that started it. */
import { parentPort, workerData } from 'node:worker_threads';
import type { AddedRecords, DataFile } from '@millrace/iceberg';
import { ConversionSettingsError } from './errors.ts';
import type { Reply, Request, Result } from './messages.ts';
import { openFormatsInThread } from './open-formats.ts';
import type { FormatsOptions } from './open-formats.ts';
import type { FileSummary } from './row-file.ts';

type Answered = Exclude<Request, { readonly kind: 'taken' }>;

interface Taking {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

const port = parentPort!;
const formats = openFormatsInThread(workerData as FormatsOptions);
/** A conversion, or the files of a table. */
interface Made {
  readonly add: (records: readonly Buffer[]) => Promise<AddedRecords>;
  readonly finish: () => Promise<FileSummary | DataFile | undefined>;
  readonly close: () => Promise<void>;
}

const conversions = new Map<number, Made>();
const taking = new Map<number, Taking>();

port.on('message', (request: Request) => {
  if (request.kind === 'taken') taken(request.conversion, request.error);
  else void answer(request);
});

async function answer(request: Answered): Promise<void> {
  const { call } = request;
  try {
    reply({ kind: 'done', call, result: await carryOut(request) });
  } catch (error) {
    const { message } = error as Error;
    reply({ kind: 'failed', call, message, isSettings: error instanceof ConversionSettingsError });
  }
}

async function carryOut(request: Answered): Promise<Result> {
  if (request.kind === 'end') return await end();
  const { conversion: number } = request;
  if (request.kind === 'create') {
    const conversion = await formats.createConversion(request.settings, (bytes) => send(number, bytes));
    conversions.set(number, {
      add: async (records) => ({ failed: await conversion.add(records), later: [] }),
      finish: () => conversion.finish(),
      close: () => conversion.close(),
    });
    return undefined;
  }
  if (request.kind === 'createTable') {
    const files = await formats.createDataFiles(request.layout, (bytes) => send(number, bytes));
    conversions.set(number, {
      add: (records) => files.add(records),
      finish: () => files.finishFile(),
      close: () => files.close(),
    });
    return undefined;
  }
  const conversion = conversions.get(number);
  if (request.kind === 'close') {
    conversions.delete(number);
    // A sink that is gone takes nothing any more.
    taken(number, 'the conversion was closed');
    await conversion?.close();
    return undefined;
  }
  if (conversion === undefined) throw new Error('the conversion was closed');
  if (request.kind === 'finish') return await conversion.finish();
  return await addAll(conversion, request.bytes, request.ends);
}

/** A view of a record takes more of the heap than a small record has bytes: only so many are there at once. */
const recordsAtOnce = 4096;

async function addAll(made: Made, bytes: Uint8Array, ends: Uint32Array): Promise<AddedRecords> {
  const failed: AddedRecords['failed'][number][] = [];
  const later: number[] = [];
  for (let from = 0; from < ends.length; from += recordsAtOnce) {
    const records = recordsOf(bytes, from === 0 ? 0 : ends[from - 1]!, ends.subarray(from, from + recordsAtOnce));
    const added = await made.add(records);
    for (const one of added.failed) failed.push({ ...one, index: from + one.index });
    for (const place of added.later) later.push(from + place);
  }
  return { failed, later };
}

async function end(): Promise<undefined> {
  for (const conversion of conversions.values()) await conversion.close();
  await formats.close();
  return undefined;
}

function recordsOf(bytes: Uint8Array, start: number, ends: Uint32Array): Buffer[] {
  let from = start;
  return Array.from(ends, (end) => {
    const record = Buffer.from(bytes.buffer, bytes.byteOffset + from, end - from);
    from = end;
    return record;
  });
}

/** One piece is on its way at a time: what the sink does not take, the file waits with. */
async function send(conversion: number, piece: Uint8Array): Promise<void> {
  // The writer uses its memory again, and a view would take all of it along.
  const bytes = new Uint8Array(piece);
  const isTaken = new Promise<void>((resolve, reject) => taking.set(conversion, { resolve, reject }));
  reply({ kind: 'bytes', conversion, bytes }, [bytes.buffer]);
  await isTaken;
}

function taken(conversion: number, error: string | undefined): void {
  const waiting = taking.get(conversion);
  taking.delete(conversion);
  if (error === undefined) waiting?.resolve();
  else waiting?.reject(new Error(error));
}

function reply(message: Reply, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}
