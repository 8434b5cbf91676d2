import type { ProcessedRecord } from '../../processing/processed-record.ts';
import type { Keys } from '../../processing/metadata-extraction.ts';
import type { IcebergDestination } from './settings.ts';

/** Where a record goes, and what is to be done with it there. */
export interface Route {
  readonly database: string | undefined;
  readonly table: string | undefined;
  readonly operation: string;
}

type Tables = IcebergDestination['iceberg']['DestinationTableConfigurationList'];

/**
 * What a function's `otfMetadata`, or a query in jq, says of a record; what they leave out is the only table's of the list: "If
 * you provide these fields along with JQ or Lambda, then Firehose will take input from JQ or Lambda."
 */
export function routeOf({ keys }: Pick<ProcessedRecord, 'keys'>, tables: Tables): Route {
  const only = tables.length === 1 ? tables[0] : undefined;
  const said: Keys = { ...keys?.query, ...keys?.table };
  const { destinationDatabaseName: database, destinationTableName: table, operation } = said;
  return {
    database: database ?? only?.DestinationDatabaseName,
    table: table ?? only?.DestinationTableName,
    operation: operation ?? 'insert',
  };
}

/** What the list says of a table: nothing of those that it does not have. */
export function settingsOf({ database, table }: Route, tables: Tables): Tables[number] | undefined {
  return tables.find((one) => one.DestinationDatabaseName === database && one.DestinationTableName === table);
}
