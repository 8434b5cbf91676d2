import { gunzipSync } from 'node:zlib';
import { invalidArgument } from '../errors.ts';
import type { ProcessorParameters } from './processor-parameters.ts';
import { ProcessingError } from './processing-error.ts';
import { splitJson } from './split-json.ts';

/** Makes of a record's data none, one or several. Throws ProcessingError. */
export type Step = (data: Buffer) => readonly Buffer[];

/** "You can not put more than 500 records …: record de-aggregation doesn't work as expected": the record stays as it is. */
const subRecordsPerRecord = 500;
/** What a compressed record may become: a record of a stream is 10 MiB at most, and logs shrink to a tenth. */
const mostUnzippedBytes = 100 << 20;

/** All steps on one record. */
export function runSteps(steps: readonly Step[], data: Buffer): readonly Buffer[] {
  let all: readonly Buffer[] = [data];
  for (const step of steps) all = all.length === 1 ? step(all[0]!) : all.flatMap((one) => step(one));
  return all;
}

/** For what CloudWatch Logs sends: GZIP alone, as at AWS. */
export function decompression({ CompressionFormat: format = 'GZIP' }: ProcessorParameters): Step {
  if (format !== 'GZIP') throw invalidArgument('Processor Decompression takes the CompressionFormat GZIP only.');
  return (data) => {
    try {
      return [gunzipSync(data, { maxOutputLength: mostUnzippedBytes })];
    } catch (error) {
      throw decompressionFailed('The record is no GZIP data, or too large when decompressed.', error);
    }
  };
}

/** AWS has one code, and a prefix of its own, for what is not as CloudWatch Logs sends it; seen there, not documented. */
function decompressionFailed(message: string, cause?: unknown): ProcessingError {
  return new ProcessingError('Decompression failed.', message, { outputType: 'decompression-failed', cause });
}

interface LogEvents {
  readonly messageType?: unknown;
  readonly logEvents?: unknown;
}

/** Of what a CloudWatch Logs subscription sends, the messages of its log events, a line each; control messages are left out. */
export function logProcessing({ DataMessageExtraction: extraction = 'false' }: ProcessorParameters): Step {
  if (extraction !== 'true' && extraction !== 'false')
    throw invalidArgument('Processor CloudWatchLogProcessing takes true or false for DataMessageExtraction.');
  return (data) => {
    const { messageType, logEvents } = parsed(data);
    if (messageType === 'CONTROL_MESSAGE') return [];
    if (messageType !== 'DATA_MESSAGE' || !Array.isArray(logEvents))
      throw decompressionFailed('The record is not what CloudWatch Logs sends.');
    if (extraction === 'false') return [data];
    return [Buffer.from(logEvents.map((event) => `${messageOf(event)}\n`).join(''))];
  };
}

/** Anything may be put into a delivery stream: what throws another error than a record's own would hold up all behind it. */
function messageOf(event: unknown): string {
  const message = typeof event === 'object' && event !== null && 'message' in event ? event.message : undefined;
  if (typeof message !== 'string') throw decompressionFailed('A log event of the record has no message.');
  return message;
}

function parsed(data: Buffer): LogEvents {
  try {
    return (JSON.parse(data.toString()) as LogEvents | null) ?? {};
  } catch (error) {
    throw decompressionFailed('The record is no JSON.', error);
  }
}

export function deAggregation({ SubRecordType: type, Delimiter: delimiter }: ProcessorParameters): Step {
  if (type === 'JSON') return (data) => bounded(splitJson(data), data);
  if (type !== 'DELIMITED')
    throw invalidArgument('Processor RecordDeAggregation takes the SubRecordType JSON or DELIMITED.');
  const bytes = Buffer.from(delimiter ?? '', 'base64');
  if (bytes.length === 0 || bytes.toString('base64').replace(/=+$/, '') !== delimiter!.replace(/=+$/, ''))
    throw invalidArgument(
      'Processor RecordDeAggregation takes a Delimiter in base64 where SubRecordType is DELIMITED.',
    );
  return (data) => bounded(splitAt(data, bytes), data);
}

/** The record itself where it is not what it should be, or holds too many. */
function bounded(parts: Buffer[] | undefined, data: Buffer): readonly Buffer[] {
  return parts === undefined || parts.length === 0 || parts.length > subRecordsPerRecord ? [data] : parts;
}

function splitAt(data: Buffer, delimiter: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  let start = 0;
  for (let end = data.indexOf(delimiter); end >= 0; end = data.indexOf(delimiter, start)) {
    if (end > start) parts.push(data.subarray(start, end));
    start = end + delimiter.length;
  }
  if (start < data.length) parts.push(data.subarray(start));
  return parts;
}

/** A new line, unless another delimiter is named; `\\n` may be written as two characters. */
export function delimiterOf({ Delimiter: delimiter = '\n' }: ProcessorParameters): Buffer {
  return Buffer.from(delimiter.replaceAll('\\n', '\n'));
}
