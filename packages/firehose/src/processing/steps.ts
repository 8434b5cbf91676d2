import type { ProcessingConfiguration, Processor, ProcessorType } from '@millrace/model/firehose';
import { gunzipSync } from 'node:zlib';
import { invalidArgument } from '../errors.ts';
import { ProcessingError } from './processing-error.ts';
import { splitJson } from './split-json.ts';

/** Makes of a record's data none, one or several. Throws ProcessingError. */
export type Step = (data: Buffer) => readonly Buffer[];

/** "You can not put more than 500 records …: record de-aggregation doesn't work as expected": the record stays as it is. */
const subRecordsPerRecord = 500;
/** What a compressed record may become: a record of a stream is 10 MiB at most, and logs shrink to a tenth. */
const mostUnzippedBytes = 100 << 20;

type Parameters = Readonly<Record<string, string>>;

interface Kind {
  readonly parameters: readonly string[];
  create(parameters: Parameters): Step;
}

const kinds: Partial<Record<ProcessorType, Kind>> = {
  Decompression: { parameters: ['CompressionFormat'], create: decompression },
  CloudWatchLogProcessing: { parameters: ['DataMessageExtraction'], create: logProcessing },
  RecordDeAggregation: { parameters: ['SubRecordType', 'Delimiter'], create: deAggregation },
  AppendDelimiterToRecord: { parameters: ['Delimiter'], create: appendDelimiter },
};

/** The steps that a destination asks for, in its order. Throws InvalidArgumentException for what cannot be done. */
export function stepsOf(configuration: ProcessingConfiguration | undefined): Step[] {
  if (configuration?.Enabled !== true) return [];
  return (configuration.Processors ?? []).map(stepOf);
}

function stepOf({ Type: type, Parameters: given = [] }: Processor): Step {
  const kind = kinds[type];
  if (kind === undefined) throw invalidArgument(`Millrace does not have the processor ${type} yet.`);
  for (const { ParameterName: name } of given)
    if (!kind.parameters.includes(name))
      throw invalidArgument(`Processor ${type} does not take the parameter ${name}.`);
  return kind.create(Object.fromEntries(given.map(({ ParameterName: name, ParameterValue: value }) => [name, value])));
}

/** All steps on one record. */
export function runSteps(steps: readonly Step[], data: Buffer): readonly Buffer[] {
  let all: readonly Buffer[] = [data];
  for (const step of steps) all = all.length === 1 ? step(all[0]!) : all.flatMap((one) => step(one));
  return all;
}

/** For what CloudWatch Logs sends: GZIP alone, as at AWS. */
function decompression({ CompressionFormat: format = 'GZIP' }: Parameters): Step {
  if (format !== 'GZIP') throw invalidArgument('Processor Decompression takes the CompressionFormat GZIP only.');
  return (data) => {
    try {
      return [gunzipSync(data, { maxOutputLength: mostUnzippedBytes })];
    } catch (error) {
      throw new ProcessingError('DecompressionFailed', 'The record is no GZIP data, or too large when decompressed.', {
        cause: error,
      });
    }
  };
}

interface LogEvents {
  readonly messageType?: unknown;
  readonly logEvents?: readonly { readonly message?: unknown }[];
}

/** Of what a CloudWatch Logs subscription sends, the messages of its log events, a line each; control messages are left out. */
function logProcessing({ DataMessageExtraction: extraction = 'false' }: Parameters): Step {
  if (extraction !== 'true' && extraction !== 'false')
    throw invalidArgument('Processor CloudWatchLogProcessing takes true or false for DataMessageExtraction.');
  return (data) => {
    const { messageType, logEvents } = parsed(data);
    if (messageType === 'CONTROL_MESSAGE') return [];
    if (messageType !== 'DATA_MESSAGE' || !Array.isArray(logEvents))
      throw new ProcessingError('CloudWatchLogProcessingFailed', 'The record is not what CloudWatch Logs sends.');
    if (extraction === 'false') return [data];
    return [Buffer.from(logEvents.map(({ message }) => `${String(message)}\n`).join(''))];
  };
}

function parsed(data: Buffer): LogEvents {
  try {
    return (JSON.parse(data.toString()) as LogEvents | null) ?? {};
  } catch (error) {
    throw new ProcessingError('CloudWatchLogProcessingFailed', 'The record is no JSON.', { cause: error });
  }
}

function deAggregation({ SubRecordType: type, Delimiter: delimiter }: Parameters): Step {
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
function appendDelimiter({ Delimiter: delimiter = '\n' }: Parameters): Step {
  const bytes = Buffer.from(delimiter.replaceAll('\\n', '\n'));
  return (data) => [Buffer.concat([data, bytes])];
}
