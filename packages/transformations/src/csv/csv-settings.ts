import { parse } from 'csv-parse/sync';
import { choice, SettingsError } from '../transformation.ts';
import type { Environment } from '../transformation.ts';

/**
 * CSV_COLUMNS     the columns' names, as a line of the same CSV
 * CSV_HEADER      true: every record begins with a line of names
 * CSV_DELIMITER   one or several characters, or \t; a comma unless told
 * CSV_QUOTE       one character
 * CSV_VALUES      texts, or json: what is not in quotes is a JSON number, true, false, or null where it is empty
 */
export interface CsvSettings {
  readonly columns: readonly string[] | undefined;
  readonly hasHeader: boolean;
  readonly delimiter: string;
  readonly quote: string;
  readonly values: 'texts' | 'json';
}

/** Throws SettingsError. */
export function readCsvSettings(environment: Environment): CsvSettings {
  const delimiter = (environment['CSV_DELIMITER'] ?? ',').replaceAll('\\t', '\t');
  const quote = environment['CSV_QUOTE'] ?? '"';
  if (delimiter === '' || /[\r\n]/.test(delimiter))
    throw new SettingsError('CSV_DELIMITER is empty or has an end of line');
  if (quote.length !== 1 || delimiter.includes(quote) || /[\r\n]/.test(quote))
    throw new SettingsError('CSV_QUOTE is one character that is not in CSV_DELIMITER');
  return {
    columns: readColumns(environment['CSV_COLUMNS'], delimiter, quote),
    hasHeader: choice(environment, 'CSV_HEADER', ['false', 'true']) === 'true',
    delimiter,
    quote,
    values: choice(environment, 'CSV_VALUES', ['texts', 'json']),
  };
}

function readColumns(text: string | undefined, delimiter: string, quote: string): string[] | undefined {
  if (text === undefined || text === '') return undefined;
  let rows: string[][];
  try {
    rows = parse(text, { delimiter, quote, escape: quote });
  } catch (error) {
    throw new SettingsError(`CSV_COLUMNS: ${(error as Error).message}`);
  }
  if (rows.length !== 1) throw new SettingsError('CSV_COLUMNS is one line');
  const fault = faultOfNames(rows[0]!);
  if (fault !== undefined) throw new SettingsError(`CSV_COLUMNS: ${fault}`);
  return rows[0]!;
}

/** What is wrong with a line of names. */
export function faultOfNames(names: readonly string[]): string | undefined {
  if (names.includes('')) return 'a column has no name';
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  return twice === undefined ? undefined : `two columns are called ${twice}`;
}
