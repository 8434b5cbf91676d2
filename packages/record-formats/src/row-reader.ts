import type { StructType } from '@millrace/orc';
import { malformedJson, misfit } from './errors.ts';
import { parseDocuments, textOfRecord } from './json/documents.ts';
import { DigitsNeeded, RecordText } from './json/number-text.ts';
import { isObject, structFields } from './readers/make-reader.ts';
import type { Rules, Target } from './readers/reader.ts';
import { StructReader } from './readers/struct-reader.ts';
import type { Deserializer } from './settings.ts';
import { hiveTimes, openXTimes } from './times/time-reader.ts';

/** A row's values in the schema's order. */
export type Row = readonly unknown[];

/** Reads records as rows. */
export class RowReader {
  readonly #record: RecordText;
  readonly #readRow: (document: Readonly<Record<string, unknown>>) => Row;

  /** `record` is what the readers below `readRow` look at for digits. */
  constructor(record: RecordText, readRow: (document: Readonly<Record<string, unknown>>) => Row) {
    this.#record = record;
    this.#readRow = readRow;
  }

  /** The rows of a record's documents: all of them or, by a RecordError, none. */
  read(record: Buffer): Row[] {
    const text = textOfRecord(record);
    try {
      try {
        return this.#readAs(text, false);
      } catch (error) {
        if (!(error instanceof DigitsNeeded)) throw error;
        return this.#readAs(text, true);
      }
    } catch (error) {
      // Of a document that is nested more deeply than a stack is high.
      if (error instanceof RangeError) throw malformedJson(error.message);
      throw error;
    }
  }

  #readAs(text: string, isWritten: boolean): Row[] {
    this.#record.begin(text, isWritten);
    const rows: Row[] = [];
    for (const document of parseDocuments(text, isWritten)) {
      if (!isObject(document)) throw misfit('java.io.IOException: Start of Object expected', '');
      rows.push(this.#readRow(document));
    }
    return rows;
  }
}

/** Reads by a Glue table's type and a SerDe's rules. */
export function glueReader(type: StructType, deserializer: Deserializer, target: Target): RowReader {
  const record = new RecordText();
  const rules = { ...serDeRules(deserializer), record, target };
  const struct = new StructReader(structFields(type, '', rules), rules);
  return new RowReader(record, (document) => struct.read(document));
}

function serDeRules({ OpenXJsonSerDe: openX, HiveJsonSerDe: hive }: Deserializer): Omit<Rules, 'record' | 'target'> {
  const isFolded = openX?.CaseInsensitive ?? true;
  const hasDots = openX?.ConvertDotsInJsonKeysToUnderscores ?? false;
  const foldKey = (key: string): string => {
    const plain = hasDots ? key.replaceAll('.', '_') : key;
    return isFolded ? plain.toLowerCase() : plain;
  };
  const mappings = new Map(
    Object.entries(openX?.ColumnToJsonKeyMappings ?? {}).map(([name, key]) => [foldKey(name), foldKey(key)]),
  );
  return {
    isLenient: openX !== undefined,
    foldKey,
    foldMapKey: openX !== undefined && isFolded ? (key) => key.toLowerCase() : undefined,
    keyOf: (name) => mappings.get(foldKey(name)) ?? foldKey(name),
    times: openX === undefined ? hiveTimes(hive?.TimestampFormats ?? []) : openXTimes,
  };
}
