import type * as Glue from '@millrace/model/glue';
import { invalidInput } from './errors.ts';
import type { Database, Table, TableVersion } from './state.ts';

/** A database as it is answered. */
export function describeDatabase({ account, name, createMs, input }: Database): Glue.Database {
  return { ...input, Name: name, CreateTime: createMs, CatalogId: account };
}

/** A table at a version. */
export function describeTable(
  { account, name: databaseName }: Database,
  table: Table,
  version: TableVersion,
): Glue.Table {
  const { ViewDefinition: _view, ...input } = version.input;
  return {
    ...input,
    Name: table.name,
    DatabaseName: databaseName,
    CreateTime: table.createMs,
    UpdateTime: version.updateMs,
    CatalogId: account,
    VersionId: version.id,
    IsRegisteredWithLakeFormation: false,
    Retention: input.Retention ?? 0,
  };
}

/** What a catalog of schemas does not do; throws InvalidInputException, naming the member. */
export function refuseOthers(members: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(members))
    if (value !== undefined) throw invalidInput(`${name} is not supported by this catalog.`);
}

/** Throws InvalidInputException for a table that is a view, or lies elsewhere. */
export function checkTableInput({ ViewDefinition, TargetTable, FederatedTable }: Glue.TableInput): void {
  refuseOthers({ ViewDefinition, TargetTable, FederatedTable });
}

/** What a page has at most, by the definitions in it, beside the one that it begins with. */
const pageBytes = 4 << 20;

/**
 * A page of a list in its order, `bytesOf` the answer each; a token is the place where the next one begins. Throws
 * InvalidInputException.
 */
export function page<Item>(
  items: readonly Item[],
  { NextToken: token, MaxResults: most = 100 }: { readonly NextToken?: string; readonly MaxResults?: number },
  bytesOf: (item: Item) => number,
): { items: Item[]; token: string | undefined } {
  const from = Number(token ?? 0);
  if (!Number.isSafeInteger(from) || from < 0) throw invalidInput('NextToken is not valid.');
  let end = from;
  let bytes = 0;
  while (end < items.length && end < from + most && (end === from || bytes + bytesOf(items[end]!) <= pageBytes)) {
    bytes += bytesOf(items[end]!);
    end += 1;
  }
  return { items: items.slice(from, end), token: end < items.length ? `${end}` : undefined };
}
