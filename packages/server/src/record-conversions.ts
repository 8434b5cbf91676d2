import { UnusableConversion } from '@millrace/firehose';
import type { Conversions } from '@millrace/firehose';
import { tableColumns } from '@millrace/glue';
import type { GlueCatalog } from '@millrace/glue';
import type { DataFileFormats } from '@millrace/iceberg';
import { AwsError } from '@millrace/model';
import { ConversionSettingsError, openFormats } from '@millrace/record-formats';
import type { Deserializer, Serializer } from '@millrace/record-formats';
import type { World } from '@millrace/world';
import { join } from 'node:path';
import { findTable } from './declared-tables.ts';
import type { DeclaredTable } from './declared-tables.ts';

export interface OpenConversions {
  readonly conversions: Conversions;
  /** The same worker's: it makes the files of Iceberg tables too. */
  readonly formats: DataFileFormats;
  /** Ends what is being made, and gives back the worker. */
  stop(): Promise<void>;
}

/** Record format conversion by tables of the catalog and the configuration file, in a worker that starts with the first file. */
export async function openConversions(at: {
  readonly world: World;
  readonly directory: string;
  readonly catalog: GlueCatalog;
  /** Of the account, in every region; before those of the catalog. */
  readonly declared: { readonly account: string; readonly tables: readonly DeclaredTable[] };
  readonly memoryLimitBytes: number;
}): Promise<OpenConversions> {
  const scratchFolder = join(at.directory, 'conversions');
  // What a process that was killed has left.
  await at.world.disk.remove(scratchFolder);
  const formats = openFormats({ scratchFolder, memoryLimitBytes: at.memoryLimitBytes });
  return {
    conversions: {
      columns({ catalogId, ...address }) {
        if (catalogId !== undefined && catalogId !== address.account)
          throw new AwsError(
            'EntityNotFoundException',
            `Catalog ${catalogId} is not the catalog of account ${address.account}.`,
          );
        const { account, tables } = at.declared;
        // A declared table has no versions but the newest.
        const isNewest = address.versionId === undefined || address.versionId === 'LATEST';
        const declared = address.account === account && isNewest ? findTable(tables, address) : undefined;
        return declared?.columns ?? tableColumns(at.catalog, address);
      },
      async begin({ columns, deserializer, serializer }, sink) {
        try {
          // Of each, one member is set: that was checked when it was configured.
          const settings = {
            columns,
            deserializer: deserializer as Deserializer,
            serializer: serializer as Serializer,
          };
          return await formats.createConversion(settings, sink);
        } catch (error) {
          if (!(error instanceof ConversionSettingsError)) throw error;
          throw new UnusableConversion(error.message, { cause: error });
        }
      },
    },
    formats,
    stop: () => formats.close(),
  };
}
