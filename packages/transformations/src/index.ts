import { fileURLToPath } from 'node:url';

/** The transformations that ship with Millrace: each is a module of this package that exports a `handler`. */
export const transformations = [
  'csv-to-json',
  'json-to-csv',
  'avro-to-json',
  'json-to-avro',
  'syslog-to-json',
  'apache-log-to-json',
] as const;

/** Where a transformation's module lies; undefined for a name that is none. */
export function transformationPath(name: string): string | undefined {
  if (!(transformations as readonly string[]).includes(name)) return undefined;
  // Sources run unbuilt, where the file has its other ending.
  const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return fileURLToPath(new URL(`./${name}.${ending}`, import.meta.url));
}
