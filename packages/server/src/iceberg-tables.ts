import { AppendRefused } from '@millrace/firehose';
import type { IcebergTables, ReadableObjects } from '@millrace/firehose';
import { IcebergError, RestCatalog, TableAppender } from '@millrace/iceberg';
import type { CatalogOptions, DataFileFormats, DataFiles, TableFiles } from '@millrace/iceberg';
import { ByteBudget } from '@millrace/world';
import type { World } from '@millrace/world';
import { sendOverHttp } from './http-client.ts';

/** Tables of REST catalogs, their files in the store of the buckets. Nothing is asked, and no worker started, before the first append. */
export function icebergTables(parts: {
  readonly world: World;
  readonly catalogs: ReadonlyMap<string, CatalogOptions>;
  readonly objects: ReadableObjects;
  readonly formats: DataFileFormats;
}): IcebergTables {
  const { world, catalogs, objects } = parts;
  const formats = inTurn(parts.formats);
  const files = filesIn(objects);
  // Tokens and what a catalog says of itself are asked for once, for each of its warehouses.
  const appenders = new Map<string, TableAppender>();
  const appenderOf = (name: string, warehouse: string | undefined): TableAppender => {
    const options = catalogs.get(name);
    if (options === undefined) throw new Error(`nobody said where catalog ${name} is (--iceberg-catalogs)`);
    const key = JSON.stringify([name, warehouse]);
    let appender = appenders.get(key);
    if (appender === undefined) {
      const asked = { ...options, warehouse: options.warehouse ?? warehouse };
      const catalog = new RestCatalog(asked, { send: sendOverHttp }, world);
      appender = new TableAppender({ catalog, files, formats, world });
      appenders.set(key, appender);
    }
    return appender;
  };
  return {
    async append({ catalog, warehouse, database, table: name, deliveryId, records, signal }) {
      const table = { namespace: database.split('.'), name };
      try {
        const { failed } = await appenderOf(catalog, warehouse).append({ table, deliveryId, records, signal });
        return failed.map(({ index, errorCode, errorMessage }) => ({
          place: index,
          code: errorCode,
          message: errorMessage,
        }));
      } catch (error) {
        throw error instanceof IcebergError ? refusalOf(error) : error;
      }
    },
  };
}

/** A token that is refused may be given its rights, or be told anew, while the delivery is tried. */
function refusalOf(error: IcebergError): AppendRefused {
  const { code, message, isRetryable } = error;
  return new AppendRefused(code, message, { isFinal: !isRetryable && code !== 'Glue.AccessDenied', cause: error });
}

/** They share one worker and its memory, and each holds a file while S3 takes it. */
const tablesAtOnce = 4;

function inTurn(formats: DataFileFormats): DataFileFormats {
  const turns = new ByteBudget(tablesAtOnce);
  return {
    async createDataFiles(layout, sink) {
      await turns.acquire(1);
      let isHeld = true;
      const giveBack = (): void => {
        if (isHeld) turns.release(1);
        isHeld = false;
      };
      let files: DataFiles;
      try {
        files = await formats.createDataFiles(layout, sink);
      } catch (error) {
        giveBack();
        throw error;
      }
      return {
        add: (records) => files.add(records),
        finishFile: () => files.finishFile(),
        close: () => files.close().finally(giveBack),
      };
    },
  };
}

function filesIn(objects: ReadableObjects): TableFiles {
  return {
    put: (location, body, signal) =>
      inS3(() => objects.put({ ...placeOf(location), body, kmsKeyArn: undefined, signal })),
    read: (location, signal) => inS3(() => objects.read({ ...placeOf(location), signal })),
  };
}

/** Hadoop's names for S3 stand in the metadata of some tables. Throws IcebergError. */
function placeOf(location: string): { bucket: string; key: string } {
  const [, bucket, key] = /^s3[an]?:\/\/([^/]+)\/(.+)$/.exec(location) ?? [];
  if (bucket === undefined || key === undefined)
    throw new IcebergError('Iceberg.UnsupportedTable', `the file ${location} of the table is not in S3`);
  return { bucket, key };
}

/** Codes as Firehose's documentation has them: S3.AccessDenied. */
async function inS3<Result>(run: () => Promise<Result>): Promise<Result> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof IcebergError) throw error;
    const { name, message } = error as Error;
    throw new AppendRefused(`S3.${name}`, message, { isFinal: false, cause: error });
  }
}
