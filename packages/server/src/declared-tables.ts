/** A table that the configuration file declares: schema of record format conversion beside the Glue Data Catalog's. */
export interface DeclaredTable {
  readonly database: string;
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
}

export class TableDeclarationError extends Error {}

/**
 * Reads `tables` of the configuration file.
 *
 *   {database, name, columns: {NAME: TYPE, …}}   types are Hive's, such as bigint or array<string>; the order is the file's
 *
 * Throws TableDeclarationError, naming the table. Types are read when a delivery stream is made that converts by them.
 */
export function readTables(given: unknown): DeclaredTable[] {
  if (given === undefined) return [];
  if (!Array.isArray(given)) throw new TableDeclarationError('tables: must be a list');
  const tables = given.map((one, index) => readTable(one as Readonly<Record<string, unknown>> | null, index));
  const names = tables.map(({ database, name }) => `${database}.${name}`.toLowerCase());
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new TableDeclarationError(`tables: ${twice} is there twice`);
  return tables;
}

/** Names are compared without regard to case, as Hive's are. */
export function findTable(
  tables: readonly DeclaredTable[],
  of: { readonly databaseName: string; readonly tableName: string },
): DeclaredTable | undefined {
  return tables.find(
    ({ database, name }) =>
      database.toLowerCase() === of.databaseName.toLowerCase() && name.toLowerCase() === of.tableName.toLowerCase(),
  );
}

function readTable(given: Readonly<Record<string, unknown>> | null, index: number): DeclaredTable {
  const place = `tables[${index}]`;
  const { database, name, columns, ...others } = given ?? {};
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw new TableDeclarationError(`${place}: ${unknown} is no member of a table`);
  if (typeof database !== 'string' || database === '' || typeof name !== 'string' || name === '')
    throw new TableDeclarationError(`${place}: must have a database and a name`);
  const types = typeof columns === 'object' && columns !== null ? Object.entries(columns) : [];
  if (types.length === 0 || !types.every((entry): entry is [string, string] => typeof entry[1] === 'string'))
    throw new TableDeclarationError(`${place}: columns must be an object of names and types`);
  return { database, name, columns: types.map(([column, type]) => ({ name: column, type })) };
}
