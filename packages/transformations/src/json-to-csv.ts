import { stringify } from 'csv-stringify/sync';
import { readCsvSettings } from './csv/csv-settings.ts';
import { objectsOf, WrittenNumber } from './json-documents.ts';
import { SettingsError, transformation } from './transformation.ts';
import type { Convert, Environment } from './transformation.ts';

/**
 * JSON to CSV, a row an object, each ended by a new line. CSV_COLUMNS says which members and in which order; what is missing or
 * null is empty, objects and arrays are their JSON. With CSV_VALUES=json texts are in quotes, so that csv-to-json reads back
 * what was written.
 */
export function jsonToCsv(environment: Environment): Convert {
  const { columns, hasHeader, delimiter, quote, values } = readCsvSettings(environment);
  if (columns === undefined) throw new SettingsError('CSV_COLUMNS is not set: it says what goes into which column');
  const cast = { boolean: String, object: textOfObject };
  const options = { delimiter, quote, escape: quote, quoted_string: values === 'json', cast };
  return (data) => {
    const rows = objectsOf(data).map((object) =>
      columns.map((name) => (Object.hasOwn(object, name) ? object[name] : undefined)),
    );
    return stringify(hasHeader ? [columns, ...rows] : rows, options);
  };
}

function textOfObject(value: object): string {
  return value instanceof WrittenNumber ? value.text : JSON.stringify(value);
}

export const handler = transformation(jsonToCsv);
