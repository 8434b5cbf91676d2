import { compilePattern } from '../pattern/pattern.ts';
import type { KinesisEventRecord } from './kinesis-event.ts';

/** Whether a record is for the function. */
export type RecordFilter = (record: KinesisEventRecord, data: Uint8Array) => boolean;

/**
 * The filter of some patterns: a record that matches one of them is taken. `data` of a pattern is matched against what the
 * record's data are as JSON, or as a text where they are none; the other keys against what the event says of the record.
 * Undefined where there are no patterns. Throws PatternError.
 */
export function recordFilter(patterns: readonly string[] | undefined): RecordFilter | undefined {
  if (patterns === undefined || patterns.length === 0) return undefined;
  const matchers = patterns.map(compilePattern);
  return (record, bytes) => {
    const { kinesis, ...outer } = record;
    const data = asJsonOrText(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
    const seen = { ...outer, ...kinesis, kinesis: { ...kinesis, data }, data };
    return matchers.some((matches) => matches(seen));
  };
}

function asJsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
