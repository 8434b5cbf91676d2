import type { RecordText } from '../json/number-text.ts';
import type { TimeReader } from '../times/time-reader.ts';

/**
 * Makes of a JSON value (never null) what the files take: booleans; numbers, and bigints where a double is too small; texts; for
 * binary Buffers; days since 1970 for dates; whole milliseconds since 1970, or a bigint of nanoseconds, for timestamps; decimals
 * as `Rules.decimals` says; arrays of values for arrays and structs, arrays of pairs for maps. Throws RecordError.
 */
export type Reader = (value: unknown) => unknown;

/** What the two JSON SerDes do differently, and what the two files want differently. */
export interface Rules {
  /**
   * OpenX reads numbers and booleans from texts, takes a lone value for an array of one, an array for a struct by place, and
   * for a text column the JSON of anything. Hive's refuses all that.
   */
  readonly isLenient: boolean;
  /** A key as it is compared. */
  readonly foldKey: (key: string) => string;
  /** A map's key as it is stored. OpenX has all keys in lower case before it looks at types, those of maps among them. */
  readonly foldMapKey: ((key: string) => string) | undefined;
  /** The folded JSON key of a column or field. */
  readonly keyOf: (name: string) => string;
  readonly times: TimeReader;
  readonly record: RecordText;
  readonly target: Target;
}

export interface Target {
  /** Parquet takes the integer without a point; ORC the text, as it has to round and to count digits anyhow. */
  readonly hasUnscaledDecimals: boolean;
  /** Whether the format has this second and its nanoseconds; ORC lacks most of the second before 1970. */
  readonly hasInstant: (seconds: number, nanos: number) => boolean;
  /** Whether a char is cut and its spaces dropped here: in Parquet it has none, in ORC the writer fills it. */
  readonly cutsTexts: boolean;
}
