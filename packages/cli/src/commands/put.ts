import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { addAbortSignal } from 'node:stream';
import type { Readable } from 'node:stream';
import { randomUUID } from 'node:crypto';
import { Producer } from '@millrace/producer';
import type { Call, Command } from '../command.ts';
import { UsageError } from '../command.ts';
import { Progress, progressBar } from '../draw.ts';
import { byteLines } from '../lines.ts';
import type { Line } from '../lines.ts';

export const put: Command = {
  usage: 'put STREAM [FILE …]',
  help: 'each line of the files, or of standard input, as a record',
  takes: [1, Infinity],
  flags: {
    key: { type: 'string', placeholder: 'TEXT', help: 'the partition key of all records; a random one each' },
    'key-field': { type: 'string', placeholder: 'NAME', help: 'lines are JSON, and this field is the partition key' },
    aggregate: { type: 'boolean', help: 'gather records as the KPL does; readers must take them apart' },
  },
  async run(call) {
    const { client, positionals, values, isJson, io } = call;
    const [stream, ...files] = positionals as [string, ...string[]];
    const keyOf = keyReader(values);
    const producer = new Producer({ client, stream, aggregation: values['aggregate'] === true, lingerMs: 10 });
    const total = await sizeOf(files);
    const progress = new Progress(io.stderr);
    let [lines, bytes, failed] = [0, 0, 0];
    let firstError: unknown;
    const fail = (error: unknown): void => {
      failed += 1;
      firstError ??= error;
    };
    try {
      for await (const { data: line, bytes: taken } of linesOf(call, files)) {
        bytes += taken;
        if (line?.length === 0) continue;
        await producer.ready();
        lines += 1;
        putLine(producer, { line, number: lines, keyOf }).catch(fail);
        if (lines % 500 === 0)
          progress.show(`${total === undefined ? '' : `${progressBar(bytes / total)}  `}${lines} records`);
      }
    } catch (error) {
      // What was read before is put all the same.
      firstError ??= error;
    }
    await producer.close();
    progress.end();
    const summary = { stream, records: lines - failed, failed, bytes };
    io.stdout.write(
      isJson
        ? `${JSON.stringify(summary)}\n`
        : `${summary.records} records put${failed > 0 ? `, ${failed} failed` : ''}\n`,
    );
    if (firstError !== undefined) io.stderr.write(`millrace: ${(firstError as Error).message}\n`);
    return firstError === undefined ? 0 : 1;
  },
};

type KeyReader = (line: Buffer, number: number) => string;

async function putLine(
  producer: Producer,
  { line, number, keyOf }: { line: Buffer | undefined; number: number; keyOf: KeyReader },
): Promise<void> {
  if (line === undefined) throw new Error(`line ${number} is larger than a record may be`);
  await producer.put({ partitionKey: keyOf(line, number), data: line });
}

function keyReader(values: Call['values']): KeyReader {
  const { key, 'key-field': field } = values;
  if (key !== undefined && field !== undefined) throw new UsageError('--key and --key-field exclude each other');
  if (typeof key === 'string') return () => key;
  if (typeof field !== 'string') return () => randomUUID();
  return (line, number) => {
    let value: unknown;
    try {
      value = (JSON.parse(line.toString()) as Record<string, unknown>)[field];
    } catch {
      throw new Error(`line ${number} is no JSON`);
    }
    if (typeof value !== 'string' && typeof value !== 'number') throw new Error(`line ${number} has no ${field}`);
    return String(value);
  };
}

/** Ends at an interrupt too, also while it waits for more. */
async function* linesOf({ io }: Call, files: readonly string[]): AsyncGenerator<Line> {
  // One file is open at a time.
  for (const file of files.length === 0 ? [undefined] : files) {
    const input = file === undefined ? (io.stdin as Readable) : createReadStream(file);
    addAbortSignal(io.interrupted, input);
    try {
      yield* byteLines(input);
    } catch (error) {
      if (!io.interrupted.aborted) throw error;
      return;
    }
  }
}

async function sizeOf(files: readonly string[]): Promise<number | undefined> {
  if (files.length === 0) return undefined;
  let bytes = 0;
  for (const file of files)
    bytes += (
      await stat(file).catch(() => {
        throw new UsageError(`${file} cannot be read`);
      })
    ).size;
  return bytes;
}
