import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { formatTime } from '../../delivery/time-format.ts';
import type { ProcessedRecord } from '../../processing/processing.ts';
import type { OpenSearchDestination } from './settings.ts';

/** Where a record is to stand in a cluster. */
export interface DocumentPlace {
  readonly index: string;
  /** Undefined where the cluster is to make one. */
  readonly id: string | undefined;
  /** Undefined where there is none: clusters of today know no types. */
  readonly type: string | undefined;
}

/**
 * What is appended to an index's name, of the record's arrival in UTC, as "Configure index rotation for OpenSearch Service" of
 * the guide has it: weeks begin on Sunday, and the first "is the first week that contains a Saturday in this year".
 */
const rotations: Readonly<Record<string, string | undefined>> = {
  OneHour: 'yyyy-MM-dd-HH',
  OneDay: 'yyyy-MM-dd',
  OneWeek: "YYYY-'w'ww",
  OneMonth: 'yyyy-MM',
};

/**
 * Places that are the same with every try, after a restart too: they depend on nothing but the record and where it lies in the
 * log. The delivery stream's ARN and the time of arrival are in the ids so that no other delivery stream, and none in another
 * data directory, makes the same ones.
 */
export function documentPlaces(
  { search }: OpenSearchDestination,
  deliveryStreamArn: string,
): (record: ProcessedRecord) => DocumentPlace {
  const { IndexName: name, TypeName: type, IndexRotationPeriod: period, DocumentIdOptions: ids } = search;
  const pattern = rotations[period!];
  const isNamed = ids!.DefaultDocumentIdFormat === 'FIREHOSE_DEFAULT';
  const stream = createHash('sha256').update(deliveryStreamArn).digest('base64url').slice(0, 12);
  // Most records of a window arrived in the same minute: every format changes with the hour at most.
  let hour: number | undefined;
  let index = name!;
  return ({ arrivalMs, logId, index: at, piece }) => {
    const hourOf = Math.floor(arrivalMs / 3_600_000);
    if (pattern !== undefined && hourOf !== hour) {
      hour = hourOf;
      index = `${name}-${formatTime(pattern, arrivalMs)}`;
    }
    return {
      index,
      id: isNamed ? `${stream}-${short(logId)}-${short(at)}-${short(arrivalMs)}.${piece}` : undefined,
      type: type === '' ? undefined : type,
    };
  };
}

function short(number: number): string {
  return number.toString(36);
}

const [newline, carriageReturn, space] = Buffer.from('\n\r ');

/**
 * A record as a line of a bulk; undefined where it is not one JSON object. Only white space between its parts can be a line's
 * end in JSON: it becomes spaces, and everything else stays as it was sent.
 */
export function documentLine(data: Buffer): Buffer | undefined {
  if (!isUtf8(data) || !isObject(data.toString())) return undefined;
  if (!data.includes(newline!) && !data.includes(carriageReturn!)) return data;
  return Buffer.from(data.map((byte) => (byte === newline || byte === carriageReturn ? space! : byte)));
}

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
