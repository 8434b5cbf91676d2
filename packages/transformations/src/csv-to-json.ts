import { parse } from 'csv-parse/sync';
import { faultOfNames, readCsvSettings } from './csv/csv-settings.ts';
import { asWritten, jsonLines } from './json-documents.ts';
import { RecordError, SettingsError, textOf, transformation } from './transformation.ts';
import type { Convert, Environment } from './transformation.ts';

/** RFC 8259's numbers: 007, +1 and .5 stay texts. */
const jsonNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/**
 * CSV to JSON, an object a row, several rows of a record each on a line of its own. Texts stay texts unless CSV_VALUES is json. A
 * row of more or fewer fields than there are columns fails its record.
 */
export function csvToJson(environment: Environment): Convert {
  const { columns, hasHeader, delimiter, quote, values } = readCsvSettings(environment);
  if (columns === undefined && !hasHeader)
    throw new SettingsError('columns have no names: CSV_COLUMNS is not set, and CSV_HEADER is not true');
  const cast = (text: string, { quoting, records }: { quoting: boolean; records: number }): unknown =>
    quoting || (hasHeader && records === 0) ? text : valueOf(text);
  return (data) => {
    const text = textOf(data);
    const options = { delimiter, quote, escape: quote, bom: true, relax_column_count: true };
    const rows: unknown[][] = parse(text, values === 'json' ? { ...options, cast } : options);
    const header = hasHeader ? rows.shift() : undefined;
    const names = columns ?? (header as string[] | undefined) ?? [];
    const fault = columns === undefined ? faultOfNames(names) : undefined;
    if (fault !== undefined) throw new RecordError(fault);
    return jsonLines(rows.filter((row) => !isBlank(row, names.length)).map((row) => objectOf(names, row)));
  };
}

/** An empty line is no row, but where a row has one field alone it is one that is empty. */
function isBlank(row: readonly unknown[], columns: number): boolean {
  return columns > 1 && row.length === 1 && (row[0] === '' || row[0] === null);
}

function objectOf(names: readonly string[], row: readonly unknown[]): object {
  if (row.length !== names.length) throw new RecordError(`a row has ${row.length} fields, not ${names.length}`);
  return Object.fromEntries(names.map((name, index) => [name, row[index]]));
}

function valueOf(text: string): unknown {
  if (text === '') return null;
  if (text === 'true' || text === 'false') return text === 'true';
  return jsonNumber.test(text) ? asWritten(text) : text;
}

export const handler = transformation(csvToJson);
