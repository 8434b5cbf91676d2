import type { KeyRing } from '@millrace/access';
import type { DataStreams } from '@millrace/data-streams';
import { firehoseMachine, openFirehose, openFolderStore, openS3Store } from '@millrace/firehose';
import type {
  FileErrorLogs,
  FirehoseSettings,
  FunctionInvoker,
  ObjectStore,
  OpenFirehose,
  ReadableObjects,
} from '@millrace/firehose';
import type { GlueCatalog } from '@millrace/glue';
import { openRegistry } from '@millrace/log';
import type { ShardLog } from '@millrace/log';
import type { World } from '@millrace/world';
import { join } from 'node:path';
import type { Configuration } from './configuration.ts';
import { openErrorLogs } from './error-logs.ts';
import { sendOverHttp } from './http-client.ts';
import { readIcebergCatalogs } from './iceberg-catalogs.ts';
import { icebergTables } from './iceberg-tables.ts';
import type { Logger } from './logging.ts';
import { readSearchDomains } from './search-domains.ts';
import { runOverPostgres } from './postgres-client.ts';
import { openConversions } from './record-conversions.ts';
import type { OpenConversions } from './record-conversions.ts';
import { sourceStreams } from './source-streams.ts';
import { sourceTopics } from './topic-clusters.ts';

const mebibyte = 1 << 20;

export interface FirehoseParts {
  readonly firehose: OpenFirehose;
  readonly objects: ObjectStore;
  readonly errorLogs: FileErrorLogs;
  readonly conversions: OpenConversions;
  /** The caller's to stop, as the error logs and the conversions are. */
  readonly registry: { failure(): Error | undefined; stop(): Promise<void> };
}

/** Opens Firehose on the log that it shares with Data Streams. */
export async function startFirehose(at: {
  readonly world: World;
  readonly directory: string;
  readonly configuration: Configuration;
  readonly logger: Logger;
  readonly log: ShardLog;
  readonly keys: KeyRing;
  readonly streams: DataStreams;
  readonly invoker: FunctionInvoker;
  readonly catalog: GlueCatalog;
}): Promise<FirehoseParts> {
  const { world, directory, configuration, logger, log, keys, streams } = at;
  const { settings } = configuration;
  const report = (message: string, error: unknown): void => logger.error(message, error);
  const registry = await openRegistry({ world, directory: join(directory, 'firehose'), machine: firehoseMachine });
  const s3 = s3Store(settings);
  const objects = s3 ?? (await openFolderStore(world.disk, join(directory, 'buckets')));
  const errorLogs = openErrorLogs({
    world,
    directory: join(directory, 'error-logs'),
    streams,
    to: errorStream(settings),
    report,
  });
  const memoryLimitBytes = settings['conversion-memory-mib'] * mebibyte;
  const conversions = await openConversions({
    ...{ world, directory, memoryLimitBytes },
    catalog: at.catalog,
    declared: { account: settings.account, tables: configuration.tables },
  });
  const catalogs = readIcebergCatalogs(settings['iceberg-catalogs']);
  const firehose = await openFirehose({
    world,
    log,
    registry,
    keys,
    objects,
    http: { send: sendOverHttp },
    statements: { run: runOverPostgres },
    functions: at.invoker,
    ...(s3 && { icebergTables: icebergTables({ world, catalogs, objects: s3, formats: conversions.formats }) }),
    errorLogs,
    conversions: conversions.conversions,
    sources: sourceStreams(streams),
    topics: sourceTopics(settings['topic-clusters']),
    ...(settings.limits === 'aws' && { readBudget: streams.limits }),
    settings: firehoseSettings(settings),
    report,
  });
  return { firehose, objects, registry, errorLogs, conversions };
}

function firehoseSettings(settings: Configuration['settings']): FirehoseSettings {
  return {
    limits: settings.limits,
    transitionMs: settings['transition-ms'],
    deliveryBytes: settings['delivery-budget-mib'] * mebibyte,
    searchDomains: readSearchDomains(settings['search-domains']),
    activePartitions: settings['active-partitions'],
    icebergCatalogs: new Set(readIcebergCatalogs(settings['iceberg-catalogs']).keys()),
  };
}

function s3Store({ s3, region }: Configuration['settings']): ReadableObjects | undefined {
  return s3 === undefined ? undefined : openS3Store({ endpoint: s3 === 'aws' ? undefined : s3, region });
}

function errorStream({
  'error-logs': stream,
  account,
  region,
}: Configuration['settings']): Parameters<typeof openErrorLogs>[0]['to'] {
  return stream === undefined ? undefined : { stream, account, region };
}
