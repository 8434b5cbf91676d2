import type { OrcColumn, OrcOptions } from '@millrace/orc';
import { ConversionSettingsError } from './errors.ts';

/** A column as Glue's StorageDescriptor has it: a name and a Hive type. */
export type GlueColumn = OrcColumn;

/** Firehose's OpenXJsonSerDe (https://docs.aws.amazon.com/firehose/latest/APIReference/API_OpenXJsonSerDe.html). */
export interface OpenXJsonSerDe {
  /** Keys are compared without regard to case, at every depth; true unless told. */
  readonly CaseInsensitive?: boolean | undefined;
  /** The JSON key of a column or a struct's field that has another name there. */
  readonly ColumnToJsonKeyMappings?: Readonly<Record<string, string>> | undefined;
  /** A key `a.b` is a column `a_b`; false unless told. */
  readonly ConvertDotsInJsonKeysToUnderscores?: boolean | undefined;
}

/** Firehose's HiveJsonSerDe (https://docs.aws.amazon.com/firehose/latest/APIReference/API_HiveJsonSerDe.html). */
export interface HiveJsonSerDe {
  /** Joda-Time's patterns, or `millis`. What none of them reads is read as java.sql.Timestamp.valueOf does. */
  readonly TimestampFormats?: readonly string[] | undefined;
}

/** Firehose's ParquetSerDe (https://docs.aws.amazon.com/firehose/latest/APIReference/API_ParquetSerDe.html). */
export interface ParquetSerDe {
  /** What a row group takes before it is encoded, from 64 MiB; 256 MiB unless told, and never more than memory allows. */
  readonly BlockSizeBytes?: number | undefined;
  /** SNAPPY unless told. */
  readonly Compression?: 'UNCOMPRESSED' | 'GZIP' | 'SNAPPY' | undefined;
  /** Whether values that come often are kept in a dictionary; true unless told (AWS names no default). */
  readonly EnableDictionaryCompression?: boolean | undefined;
  /** Padding to the blocks of HDFS. Checked and not used: the writer puts none. */
  readonly MaxPaddingBytes?: number | undefined;
  /** From 64 KiB. Checked and not used: the writer sizes pages by itself. */
  readonly PageSizeBytes?: number | undefined;
  /** V1 unless told. V2 has the encodings of Parquet's second version. */
  readonly WriterVersion?: 'V1' | 'V2' | undefined;
}

/** The one member of Firehose's Deserializer that is set. */
export type Deserializer =
  | { readonly OpenXJsonSerDe: OpenXJsonSerDe; readonly HiveJsonSerDe?: undefined }
  | { readonly HiveJsonSerDe: HiveJsonSerDe; readonly OpenXJsonSerDe?: undefined };

/** The one member of Firehose's Serializer that is set. */
export type Serializer =
  | { readonly ParquetSerDe: ParquetSerDe; readonly OrcSerDe?: undefined }
  | { readonly OrcSerDe: OrcOptions; readonly ParquetSerDe?: undefined };

/** What Firehose's DataFormatConversionConfiguration says, with the table's columns in the place of their address. */
export interface ConversionSettings {
  readonly columns: readonly GlueColumn[];
  readonly deserializer: Deserializer;
  readonly serializer: Serializer;
}

type Check = (value: unknown) => boolean;

const mebibyte = 1 << 20;
const isBoolean: Check = (value) => typeof value === 'boolean';
const atLeast =
  (least: number): Check =>
  (value) =>
    Number.isInteger(value) && (value as number) >= least && (value as number) <= 0x7f_ff_ff_ff;
const oneOf =
  (...values: readonly string[]): Check =>
  (value) =>
    values.includes(value as string);
const isTextMap: Check = (value) =>
  typeof value === 'object' && value !== null && Object.values(value).every((text) => typeof text === 'string');
const isTextList: Check = (value) => Array.isArray(value) && value.every((text) => typeof text === 'string');

/** Firehose's own ranges. OrcSerDe's are the ORC writer's to check. */
const members: Readonly<Record<string, Readonly<Record<string, readonly [Check, string]>>>> = {
  OpenXJsonSerDe: {
    CaseInsensitive: [isBoolean, 'true or false'],
    ColumnToJsonKeyMappings: [isTextMap, 'a map of texts'],
    ConvertDotsInJsonKeysToUnderscores: [isBoolean, 'true or false'],
  },
  HiveJsonSerDe: { TimestampFormats: [isTextList, 'a list of texts'] },
  ParquetSerDe: {
    BlockSizeBytes: [atLeast(64 * mebibyte), 'an integer of at least 67108864'],
    Compression: [oneOf('UNCOMPRESSED', 'GZIP', 'SNAPPY'), 'one of UNCOMPRESSED, GZIP, SNAPPY'],
    EnableDictionaryCompression: [isBoolean, 'true or false'],
    MaxPaddingBytes: [atLeast(0), 'an integer of at least 0'],
    PageSizeBytes: [atLeast(65_536), 'an integer of at least 65536'],
    WriterVersion: [oneOf('V1', 'V2'), 'one of V1, V2'],
  },
};

/** Checks the members of both. Throws ConversionSettingsError, naming the first that is none or out of its range. */
export function checkSettings({ deserializer, serializer }: ConversionSettings): void {
  checkOne('deserializer', deserializer, ['OpenXJsonSerDe', 'HiveJsonSerDe']);
  checkOne('serializer', serializer, ['ParquetSerDe', 'OrcSerDe']);
}

function checkOne(what: string, parts: Deserializer | Serializer, names: readonly string[]): void {
  const set = Object.entries(parts).filter(([, value]) => value !== undefined);
  const [first] = set;
  if (first === undefined || set.length > 1 || !names.includes(first[0]))
    throw new ConversionSettingsError(`a ${what} is one of ${names.join(' and ')}`);
  const [name, options] = first;
  const known = members[name];
  if (known === undefined) return;
  for (const [member, value] of Object.entries(options as object)) {
    const rule = Object.hasOwn(known, member) ? known[member] : undefined;
    if (rule === undefined) throw new ConversionSettingsError(`${name} has no member ${member}`);
    const [isGood, range] = rule;
    if (value !== undefined && !isGood(value))
      throw new ConversionSettingsError(`${name}.${member} is ${range}, not ${JSON.stringify(value)}`);
  }
}
