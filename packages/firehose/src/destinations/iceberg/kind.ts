import { createHash } from 'node:crypto';
import type { Delivery } from '../../delivery/delivery.ts';
import { DeliveryError } from '../../delivery/delivery-error.ts';
import { deliverRecords } from '../../delivery/record-delivery.ts';
import type { NotTaken } from '../../delivery/record-delivery.ts';
import { AppendRefused } from '../../iceberg-tables.ts';
import type { ProcessedRecord } from '../../processing/processed-record.ts';
import { hintsFrom, mostHeld } from '../buffering.ts';
import type { DestinationKind } from '../kind.ts';
import { catalogNameOf } from './catalog-name.ts';
import { routeOf, settingsOf } from './route.ts';
import type { Route } from './route.ts';
import { createdIceberg, icebergDescription, updatedIceberg } from './settings.ts';
import type { IcebergDestination } from './settings.ts';

/** Tables of Iceberg: one commit for each table and buffer. */
export const icebergKind: DestinationKind<IcebergDestination> = {
  type: 'Iceberg',
  created: createdIceberg,
  updated: updatedIceberg,
  described: icebergDescription,
  hints: ({ iceberg }) => hintsFrom(iceberg.BufferingHints, mostHeld),
  metrics: () => 'DeliveryToIceberg',
  logging: ({ iceberg }) => ({
    options: iceberg.CloudWatchLoggingOptions,
    destination: iceberg.CatalogConfiguration.CatalogARN!,
  }),
  processing: ({ iceberg }) => iceberg.ProcessingConfiguration,
  // Records; a file of them, its pieces, and the body that they become.
  copies: 4,
  deliver: toIceberg,
};

async function toIceberg(delivery: Delivery, destination: IcebergDestination): Promise<void> {
  const { iceberg } = destination;
  const tables = iceberg.DestinationTableConfigurationList;
  await deliverRecords(delivery, {
    processing: iceberg.ProcessingConfiguration,
    backsUpAll: iceberg.S3BackupMode === 'AllData',
    retrySeconds: iceberg.RetryOptions.DurationInSeconds!,
    errorOutputType: 'iceberg-failed',
    unreachable: 'Iceberg.CatalogFailure',
    errorPrefix: (record) => settingsOf(routeOf(record, tables), tables)?.S3ErrorOutputPrefix,
    count(taken, refused) {
      delivery.metrics.count('DeliveryToIceberg.IncomingRowCount', taken + refused);
      delivery.metrics.count('DeliveryToIceberg.SuccessfulRowCount', taken);
      delivery.metrics.count('DeliveryToIceberg.FailedRowCount', refused);
    },
    send: (records) => appendAll(delivery, destination, records),
  });
}

/** Table by table: one that refuses leaves the others as they are. */
async function appendAll(
  delivery: Delivery,
  { iceberg }: IcebergDestination,
  records: readonly ProcessedRecord[],
): Promise<NotTaken[]> {
  const notTaken: NotTaken[] = [];
  const byTable = new Map<string, { readonly to: TableRoute; readonly places: number[] }>();
  for (const [place, record] of records.entries()) {
    const to = routeOf(record, iceberg.DestinationTableConfigurationList);
    const reason = problemOf(to);
    const key = JSON.stringify([to.database, to.table]);
    if (reason !== undefined) notTaken.push({ place, reason });
    else if (byTable.has(key)) byTable.get(key)!.places.push(place);
    else byTable.set(key, { to: to as TableRoute, places: [place] });
  }
  for (const { to, places } of byTable.values()) {
    const its = places.map((place) => records[place]!);
    const refused = await append(delivery, iceberg, to, its);
    for (const { place, reason } of refused) notTaken.push({ place: places[place]!, reason });
  }
  return notTaken;
}

type TableRoute = Route & { readonly database: string; readonly table: string };

/** As the API takes names of databases and tables in its list. */
const name = /^[a-zA-Z0-9._]{1,255}$/;

function problemOf({ database, table, operation }: Route): DeliveryError | undefined {
  const isFinal = true;
  if (database === undefined || table === undefined)
    return new DeliveryError('Iceberg.InvalidTableName', 'Nothing says which table the record goes to.', { isFinal });
  if (!name.test(database) || !name.test(table))
    return new DeliveryError('Iceberg.InvalidTableName', `${database}.${table} is no name of a table.`, { isFinal });
  // "Insert", as functions were seen to write it.
  if (operation.toLowerCase() === 'insert') return undefined;
  const message = `The operation ${operation} is not done: Millrace appends to Iceberg tables, and neither updates nor deletes.`;
  return new DeliveryError('Iceberg.UnsupportedOperation', message, { isFinal });
}

/** Appends to one table. Answers what is not in it. */
async function append(
  delivery: Delivery,
  { CatalogConfiguration: { CatalogARN: arn, WarehouseLocation: warehouse } }: IcebergDestination['iceberg'],
  { database, table }: TableRoute,
  records: readonly ProcessedRecord[],
): Promise<NotTaken[]> {
  const { service, signal } = delivery;
  try {
    const catalog = catalogNameOf(arn!, service.settings.icebergCatalogs);
    // The server was started anew without it.
    if (catalog === undefined) throw new Error(`Where the catalog ${arn} is, is not known here.`);
    const refused = await service.icebergTables.append({
      ...{ catalog, warehouse, database, table, signal },
      deliveryId: deliveryIdOf(delivery, records),
      records: records.map(({ data }) => data),
    });
    return refused.map(({ place, code, message }) => ({
      place,
      reason: new DeliveryError(code, message, { isFinal: true }),
    }));
  } catch (error) {
    const reason = reasonOf(error);
    return records.map((_, place) => ({ place, reason }));
  }
}

function reasonOf(error: unknown): DeliveryError {
  const { message } = error as Error;
  if (!(error instanceof AppendRefused)) return new DeliveryError('Iceberg.CatalogFailure', message, { cause: error });
  return new DeliveryError(error.code, message, { isFinal: error.isFinal, cause: error });
}

/** What is hashed at once. */
const sliceRecords = 4096;

/**
 * An id that these records have, with every try and after a restart, and no others: they lie where they lie in the log of this
 * delivery stream, arrived when they did, and processing made these data of them. A function that makes something else with
 * another try makes another delivery.
 */
function deliveryIdOf({ stream }: Delivery, records: readonly ProcessedRecord[]): string {
  const hash = createHash('sha256').update(`${stream.arn} ${stream.createdMs}`);
  for (let start = 0; start < records.length; start += sliceRecords) {
    const slice = records.slice(start, start + sliceRecords);
    const places = slice.map(
      ({ logId, index, piece, arrivalMs, data }) => `\n${logId} ${index} ${piece} ${arrivalMs} ${data.length}`,
    );
    hash.update(places.join(''));
    for (const { data } of slice) hash.update(data);
  }
  return `${stream.name}-${hash.digest('hex')}`;
}
