import type { Column } from './columns/column.ts';
import { subtypes } from './columns/make-column.ts';
import { Message } from './message.ts';
import type { OrcSettings } from './options.ts';
import type { OrcType } from './types.ts';

export const magic = Buffer.from('ORC');

/** A stripe's entry in the footer: lengths in bytes. */
export interface StripeInformation {
  readonly offset: number;
  readonly indexLength: number;
  readonly dataLength: number;
  readonly footerLength: number;
  readonly rows: number;
  /** ColumnStatistics, one a column. */
  readonly statistics: readonly Message[];
}

const compressionKind = { NONE: 0, ZLIB: 1, SNAPPY: 2 };
const fileVersion = { V0_11: [0, 11], V0_12: [0, 12] };

/**
 * The version of ORC's Java writer whose statistics and bloom filters these are. The footer names no writer, which readers take
 * for that one: a number that is not registered makes pyarrow's `ORCFile.writer` fail. Firehose's own files are the Java writer's.
 */
const writerVersion = 9;
/** Who wrote the file, to whom it may concern. */
const software = 'millrace';
/** Days before October 1582 are counted by the Gregorian calendar too. */
const prolepticCalendar = 2;

/** The types' kinds, by their numbers in the file. */
const typeKind: { readonly [kind in OrcType['kind']]: number } = {
  boolean: 0,
  tinyint: 1,
  smallint: 2,
  int: 3,
  bigint: 4,
  float: 5,
  double: 6,
  string: 7,
  binary: 8,
  timestamp: 9,
  array: 10,
  map: 11,
  struct: 12,
  decimal: 14,
  date: 15,
  varchar: 16,
  char: 17,
};

/** The Metadata message: the statistics of each stripe. */
export function metadataMessage(stripes: readonly StripeInformation[]): Message {
  const message = new Message();
  for (const { statistics } of stripes) {
    const stripe = new Message();
    for (const column of statistics) stripe.message(1, column);
    message.message(1, stripe);
  }
  return message;
}

export interface FileSummary {
  readonly settings: OrcSettings;
  readonly root: Column;
  readonly columns: readonly Column[];
  readonly stripes: readonly StripeInformation[];
  /** The header and the stripes. */
  readonly bodyBytes: number;
  readonly rows: number;
}

/** The Footer message. */
export function footerMessage({ settings, root, columns, stripes, bodyBytes, rows }: FileSummary): Message {
  const message = new Message().uint(1, magic.length).uint(2, bodyBytes);
  for (const { offset, indexLength, dataLength, footerLength, rows: count } of stripes) {
    const stripe = new Message().uint(1, offset).uint(2, indexLength).uint(3, dataLength);
    message.message(3, stripe.uint(4, footerLength).uint(5, count));
  }
  describeTypes(root, message);
  message.uint(6, rows);
  for (const column of columns) message.message(7, column.describeFile());
  return message.uint(8, settings.RowIndexStride).uint(11, prolepticCalendar).text(12, software);
}

function describeTypes(column: Column, message: Message): void {
  const { type, children } = column;
  const described = new Message().uint(1, typeKind[type.kind]);
  described.packed(
    2,
    children.map(({ id }) => id),
  );
  if (type.kind === 'struct') for (const { name } of subtypes(type)) described.text(3, name);
  if (type.kind === 'char' || type.kind === 'varchar') described.uint(4, type.length);
  if (type.kind === 'decimal') described.uint(5, type.precision).uint(6, type.scale);
  message.message(4, described);
  for (const child of children) describeTypes(child, message);
}

/** What the postscript tells: lengths in bytes, as they stand in the file. */
export interface TailLengths {
  readonly metadata: number;
  readonly footer: number;
  readonly chunk: number;
}

/** The file's last bytes: the PostScript message, which is never compressed, and its length in one byte. */
export function postscript(settings: OrcSettings, { metadata, footer, chunk }: TailLengths): Buffer {
  const message = new Message().uint(1, footer).uint(2, compressionKind[settings.Compression]).uint(3, chunk);
  message.packed(4, fileVersion[settings.FormatVersion]).uint(5, metadata).uint(6, writerVersion).bytes(8000, magic);
  const bytes = message.view();
  return Buffer.concat([bytes, Buffer.of(bytes.length)]);
}
