import { scalarsOf } from '../metadata-extraction.ts';
import type { Keys } from '../metadata-extraction.ts';
import type { PartitionKeys } from '../processed-record.ts';
import { ProcessingError } from '../processing-error.ts';

/** What a function made of a record. */
export type RecordResult =
  | { readonly data: Buffer; readonly keys: PartitionKeys | undefined }
  | 'dropped'
  | ProcessingError;

/** What a function's answer says of each record, by its id; a record that is not in it is missing. */
export interface FunctionResults {
  of(recordId: string): RecordResult;
}

const texts = {
  json: 'There was an error parsing returned records from the Lambda function. Ensure that the returned records follow the status model required by Firehose.',
  format:
    'Check your function and make sure the output is in required format. In addition to that, make sure the processed records contain valid result status of Dropped, Ok, or ProcessingFailed',
  missing: 'One or more record Ids were not returned. Ensure that the Lambda function returns all received record Ids.',
  duplicated:
    'Multiple records were returned with the same record ID. Ensure that the Lambda function returns unique record IDs for each record.',
  noData:
    'The data field cannot be null when the SourceType is DirectPut or KinesisStreamAsSource and processing result is Ok.',
} as const;

interface ReturnedRecord {
  readonly recordId?: unknown;
  readonly result?: unknown;
  readonly data?: unknown;
  readonly metadata?: { readonly partitionKeys?: unknown; readonly otfMetadata?: unknown } | null;
}

/**
 * Reads what a function answered. Codes, texts, and what of it fails one record or all of them are as AWS was seen to do: a result
 * that there is not and data that are no base64 fail the batch, what is missing or there twice fails itself, ids that nobody asked
 * about are passed over, and so is an answer without records. Throws ProcessingError where all of the batch has failed.
 */
export function functionResults(payload: Buffer): FunctionResults {
  const returned = returnedRecords(payload);
  const results = new Map<string, RecordResult>();
  for (const one of returned) {
    const { recordId: id } = one;
    if (typeof id !== 'string') continue;
    results.set(
      id,
      results.has(id) ? new ProcessingError('Lambda.DuplicatedRecordId', texts.duplicated) : resultOf(one),
    );
  }
  return { of: (id) => results.get(id) ?? new ProcessingError('Lambda.MissingRecordId', texts.missing) };
}

function returnedRecords(payload: Buffer): readonly ReturnedRecord[] {
  let answer: { readonly records?: unknown } | null;
  try {
    answer = JSON.parse(payload.toString()) as typeof answer;
  } catch (error) {
    throw new ProcessingError('Lambda.JsonProcessingException', texts.json, { cause: error });
  }
  const records: readonly unknown[] = Array.isArray(answer?.records) ? answer.records : [];
  return records.filter((one): one is ReturnedRecord => typeof one === 'object' && one !== null);
}

function resultOf({ result, data, metadata }: ReturnedRecord): RecordResult {
  switch (result) {
    case 'Dropped':
      return 'dropped';
    case 'ProcessingFailed':
      return new ProcessingError('Lambda.ProcessingFailedStatus', 'ProcessingFailed status set for record');
    case 'Ok':
      if (data === undefined || data === null) return new ProcessingError('Lambda.InvalidReturnFormat', texts.noData);
      return { data: decoded(data), keys: keysOf(metadata) };
    default:
      throw new ProcessingError('Lambda.FunctionError', texts.format);
  }
}

function decoded(data: unknown): Buffer {
  if (typeof data !== 'string' || data.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(data))
    throw new ProcessingError('Lambda.FunctionError', texts.format);
  return Buffer.from(data, 'base64');
}

function keysOf(metadata: ReturnedRecord['metadata']): PartitionKeys | undefined {
  const [lambda, table] = [keysIn(metadata?.partitionKeys), keysIn(metadata?.otfMetadata)];
  if (lambda === undefined && table === undefined) return undefined;
  return { ...(lambda !== undefined && { lambda }), ...(table !== undefined && { table }) };
}

function keysIn(keys: unknown): Keys | undefined {
  return typeof keys === 'object' && keys !== null && !Array.isArray(keys) ? scalarsOf(keys) : undefined;
}
