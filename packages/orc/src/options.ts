import { OrcOptionError } from './errors.ts';

/**
 * The members of Firehose's OrcSerDe by their own names, ranges and defaults
 * (https://docs.aws.amazon.com/firehose/latest/APIReference/API_OrcSerDe.html).
 */
export interface OrcOptions {
  /** What a stripe holds in memory before it is written, from 8 MiB; 64 MiB unless told. */
  readonly StripeSizeBytes?: number | undefined;
  /** The HDFS block that padding fills, from 64 MiB; 256 MiB unless told. */
  readonly BlockSizeBytes?: number | undefined;
  /** Rows between entries of the index, from 1,000; 10,000 unless told. */
  readonly RowIndexStride?: number | undefined;
  /** Stripes do not cross blocks; false unless told. */
  readonly EnablePadding?: boolean | undefined;
  /** The part of a stripe that padding may waste in a block, 0 to 1; 0.05 unless told. */
  readonly PaddingTolerance?: number | undefined;
  /** SNAPPY unless told. */
  readonly Compression?: 'NONE' | 'ZLIB' | 'SNAPPY' | undefined;
  /** Columns with bloom filters: names, or paths as `order.id`; none unless told. */
  readonly BloomFilterColumns?: readonly string[] | undefined;
  /** 0 to 1; 0.05 unless told. */
  readonly BloomFilterFalsePositiveProbability?: number | undefined;
  /**
   * A text column keeps a dictionary while its distinct values are at most this part of its values, 0 to 1: 1 is always, 0
   * never. 0.8 unless told, which is Hive's default; AWS names none.
   */
  readonly DictionaryKeyThreshold?: number | undefined;
  /** V0_12 unless told; V0_11 writes the integers' first run length encoding. */
  readonly FormatVersion?: 'V0_11' | 'V0_12' | undefined;
}

export type OrcSettings = { readonly [name in keyof OrcOptions]-?: NonNullable<OrcOptions[name]> };

const mebibyte = 1 << 20;

const defaults: OrcSettings = {
  StripeSizeBytes: 64 * mebibyte,
  BlockSizeBytes: 256 * mebibyte,
  RowIndexStride: 10_000,
  EnablePadding: false,
  PaddingTolerance: 0.05,
  Compression: 'SNAPPY',
  BloomFilterColumns: [],
  BloomFilterFalsePositiveProbability: 0.05,
  DictionaryKeyThreshold: 0.8,
  FormatVersion: 'V0_12',
};

/** Checks options against the API's ranges and fills in its defaults. Throws OrcOptionError. */
export function readOptions(options: OrcOptions): OrcSettings {
  const settings = { ...defaults };
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(defaults, name)) throw new OrcOptionError(`${name} is no option of an ORC writer`);
    if (value !== undefined) Object.assign(settings, { [name]: value });
  }
  atLeast(settings, 'StripeSizeBytes', 8 * mebibyte);
  atLeast(settings, 'BlockSizeBytes', 64 * mebibyte);
  atLeast(settings, 'RowIndexStride', 1000);
  oneOf(settings, 'EnablePadding', [true, false]);
  oneOf(settings, 'Compression', ['NONE', 'ZLIB', 'SNAPPY']);
  oneOf(settings, 'FormatVersion', ['V0_11', 'V0_12']);
  proportion(settings, 'PaddingTolerance');
  proportion(settings, 'BloomFilterFalsePositiveProbability');
  proportion(settings, 'DictionaryKeyThreshold');
  const columns: unknown = settings.BloomFilterColumns;
  if (!Array.isArray(columns) || !columns.every((name) => typeof name === 'string'))
    throw new OrcOptionError('BloomFilterColumns is a list of names');
  return settings;
}

const mostInteger = 0x7f_ff_ff_ff;

function atLeast(settings: OrcSettings, name: keyof OrcSettings, least: number): void {
  const value = settings[name];
  if (!Number.isInteger(value) || (value as number) < least || (value as number) > mostInteger)
    throw new OrcOptionError(`${name} is an integer of at least ${least}`);
}

function oneOf(settings: OrcSettings, name: keyof OrcSettings, values: readonly unknown[]): void {
  if (!values.includes(settings[name])) throw new OrcOptionError(`${name} is one of ${values.join(', ')}`);
}

function proportion(settings: OrcSettings, name: keyof OrcSettings): void {
  const value = settings[name];
  if (typeof value !== 'number' || !(value >= 0 && value <= 1))
    throw new OrcOptionError(`${name} is a number from 0 to 1`);
}
