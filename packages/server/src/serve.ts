import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createAuthenticator, openKeyRing, readIdentities } from '@millrace/access';
import { openCloudWatch } from '@millrace/cloudwatch';
import type { OpenCloudWatch } from '@millrace/cloudwatch';
import { openDataStreams, streamsMachine } from '@millrace/data-streams';
import type { OpenDataStreams } from '@millrace/data-streams';
import type { OpenFirehose } from '@millrace/firehose';
import { catalogMachine, openGlueCatalog } from '@millrace/glue';
import type { GlueCatalog } from '@millrace/glue';
import type { OpenFunctions } from '@millrace/functions';
import { leaseTablesMachine, openLeaseTables } from '@millrace/lease-tables';
import type { LeaseTables } from '@millrace/lease-tables';
import { openEmbeddedLog, openRegistry } from '@millrace/log';
import type { HttpResponse } from '@millrace/protocol';
import { ByteBudget, holdProcess, realWorld } from '@millrace/world';
import type { World } from '@millrace/world';
import { ConfigurationError } from './configuration.ts';
import type { Configuration } from './configuration.ts';
import { createDispatcher } from './dispatch.ts';
import { certificateOf } from './certificate.ts';
import { checkDirectory } from './data-directory.ts';
import { lateInvoker } from './function-invoker.ts';
import { startFunctions } from './functions.ts';
import { startListening } from './listen/listen.ts';
import type { Listening } from './listen/listen.ts';
import { createLogger } from './logging.ts';
import type { Logger } from './logging.ts';
import { createRequestMetrics } from './metrics.ts';
import { startFirehose } from './firehose.ts';
import { publishOwnMetrics } from './own-metrics.ts';
import { samplesOfDeliveries, samplesOfStreams } from './samples.ts';
import type { ServiceSample } from './samples.ts';
import {
  cloudWatchRoom,
  dataStreamsRoom,
  firehoseRoom,
  functionsRoom,
  glueRoom,
  leaseTablesRoom,
  stsRoom,
} from './rooms.ts';

const bodyLimitBytes = 16 << 20;
/** A factor, not a shift: 2 GiB and more do not fit in a shift's 32 bits. */
const mebibyte = 2 ** 20;

/** Runs the server until SIGTERM or SIGINT; resolves with the exit code. */
export async function serve(configuration: Configuration): Promise<number> {
  const hold = holdProcess();
  try {
    return await serveUntilTold(configuration);
  } finally {
    hold.release();
  }
}

async function serveUntilTold(configuration: Configuration): Promise<number> {
  const world = realWorld();
  const { settings } = configuration;
  const logger = createLogger(settings.log, world.clock, (line) => process.stderr.write(line));
  const directory = settings.data === undefined ? await mkdtemp(join(tmpdir(), 'millrace-')) : resolve(settings.data);
  const store = await openStore({ world, directory, configuration, logger });
  const listening = await startServing({ world, directory, configuration, logger, store });
  const publishing = publishOwnMetrics(world, store.cloudWatch, {
    samples: () => samplesOf(store),
    report: (error) => logger.error('the metrics of a minute are lost', error),
  });
  logger.info('serving', { data: directory, auth: settings.auth, limits: settings.limits });
  const host = settings.host.includes(':') ? `[${settings.host}]` : settings.host;
  // Before the ready line: who reads it may send the signal at once.
  const told = untilToldToStop();
  process.stdout.write(`millrace ready http://${host}:${listening.port}\n`);
  await told;
  logger.info('stopping');
  // Functions last: what delivery has them transform when it stops is let end.
  await Promise.all([store.streams.stop(), store.firehose.stop()]);
  await store.functions.stop();
  await listening.close();
  await publishing.stop();
  await store.stop();
  logger.info('stopped');
  return 0;
}

function* samplesOf({ streams, firehose }: Store): Generator<ServiceSample> {
  yield* samplesOfStreams(streams.samples());
  yield* samplesOfDeliveries(firehose.samples());
}

interface Store {
  readonly streams: OpenDataStreams;
  readonly firehose: OpenFirehose;
  readonly functions: OpenFunctions;
  readonly leaseTables: LeaseTables;
  readonly cloudWatch: OpenCloudWatch;
  readonly catalog: GlueCatalog;
  health(): Error | undefined;
  metrics(): Readonly<Record<string, Readonly<Record<string, number>>>>;
  stop(): Promise<void>;
}

async function openStore(at: {
  world: World;
  directory: string;
  configuration: Configuration;
  logger: Logger;
}): Promise<Store> {
  const { world, directory, configuration, logger } = at;
  const { settings } = configuration;
  await world.disk.makeDirectory(directory);
  const lock = await world.disk.lock(directory);
  if (lock === undefined) throw new ConfigurationError(`${directory} is in use by another process`);
  await checkDirectory(world, directory);
  const keys = await openKeyRing({ world, directory: join(directory, 'keys') });
  const log = await openLog(at, keys);
  const registry = await openRegistry({ world, directory: join(directory, 'registry'), machine: streamsMachine });
  const streams = await openDataStreams({
    world,
    log,
    registry,
    keys,
    iteratorKey: keys.derive('shard iterators'),
    answers: new ByteBudget(settings['answer-budget-mib'] * mebibyte),
    settings: streamsSettings(settings),
    report: (error) => logger.error('a background task failed', error),
  });
  const { leaseTables, catalog, cloudWatch, parts: neighbours } = await openNeighbours(at);
  const invoker = lateInvoker();
  const {
    firehose,
    objects,
    registry: delivery,
    errorLogs,
    conversions,
  } = await startFirehose({
    ...{ ...at, log, keys, invoker, catalog, streams: streams.service },
  });
  const { functions, registry: functionsRegistry } = await startFunctions({
    ...{ ...at, log, objects, invoker, streams: streams.service },
    firehose: firehose.service,
  });
  // All services have claimed what is theirs.
  await log.dropUnclaimed();
  // In the order in which they stop: the log is written by what is before it.
  const parts = [registry, delivery, functionsRegistry, ...neighbours, log];
  return {
    streams,
    firehose,
    functions,
    leaseTables,
    cloudWatch,
    catalog,
    health: () => parts.map((part) => part.failure()).find((failure) => failure !== undefined),
    metrics: () => ({
      log: log.metrics(),
      streams: streams.metrics(),
      firehose: firehose.metrics(),
      functions: functions.metrics(),
      cloudwatch: cloudWatch.metrics(),
    }),
    async stop() {
      await errorLogs.stop();
      await conversions.stop();
      for (const part of parts) await part.stop();
      await lock.release();
    },
  };
}

/** What Kinesis' clients need beside it. */
async function openNeighbours({ world, directory, configuration, logger }: Parameters<typeof openStore>[0]): Promise<
  Pick<Store, 'leaseTables' | 'catalog' | 'cloudWatch'> & {
    readonly parts: readonly { failure(): Error | undefined; stop(): Promise<void> }[];
  }
> {
  const tables = await openRegistry({ world, directory: join(directory, 'lease-tables'), machine: leaseTablesMachine });
  const catalog = await openRegistry({ world, directory: join(directory, 'glue'), machine: catalogMachine });
  const report = (message: string): void => logger.warn(message);
  const cloudWatch = await openCloudWatch({ world, directory: join(directory, 'metrics'), report });
  const transitionMs = configuration.settings['transition-ms'];
  return {
    leaseTables: openLeaseTables({ world, registry: tables, transitionMs }),
    catalog: openGlueCatalog({ world, registry: catalog }),
    cloudWatch,
    parts: [tables, catalog, cloudWatch],
  };
}

async function openLog(
  { world, directory, configuration, logger }: Parameters<typeof openStore>[0],
  keys: Awaited<ReturnType<typeof openKeyRing>>,
): ReturnType<typeof openEmbeddedLog> {
  return openEmbeddedLog({
    world,
    directory: join(directory, 'log'),
    cipher: keys,
    hotBytes: configuration.settings['hot-mib'] * mebibyte,
    report: (message) => logger.warn(message),
  });
}

function streamsSettings(settings: Configuration['settings']): Parameters<typeof openDataStreams>[0]['settings'] {
  return {
    limits: settings.limits,
    transitionMs: settings['transition-ms'],
    subscriptionMs: settings['subscription-ms'],
    consumersPerStream: settings['consumers-per-stream'],
    shardQuota: settings['shard-quota'],
  };
}

async function startServing(at: {
  world: World;
  directory: string;
  configuration: Configuration;
  logger: Logger;
  store: Store;
}): Promise<Listening> {
  const { world, directory, configuration, logger, store } = at;
  const { settings } = configuration;
  const metrics = createRequestMetrics();
  let listening: Listening | undefined;
  const identities = readIdentitiesOrFail(configuration);
  const dispatch = createDispatcher({
    world,
    logger,
    metrics,
    rooms: [
      dataStreamsRoom(store.streams.service),
      firehoseRoom(store.firehose.service),
      functionsRoom(store.functions.service, settings['function-code']),
      leaseTablesRoom(store.leaseTables),
      cloudWatchRoom(store.cloudWatch),
      glueRoom(store.catalog),
      stsRoom(),
    ],
    authenticate: createAuthenticator({
      mode: settings.auth,
      identities,
      defaultAccount: settings.account,
      defaultRegion: settings.region,
      clock: world.clock,
    }),
    isOpen: settings.auth === 'none',
    enforcesPolicies: settings.auth === 'iam',
    page: (path) => {
      if (path === '/health') return healthPage(store.health());
      if (path === '/metrics')
        return textPage(
          metrics.render(
            { ...store.metrics(), listener: listening?.metrics() ?? {}, process: processMetrics() },
            samplesOf(store),
          ),
        );
      return undefined;
    },
  });
  listening = await startListening(
    {
      world,
      host: settings.host,
      port: settings.port,
      certificate: await certificateOf({
        world,
        directory,
        host: settings.host,
        certFile: settings['tls-cert'],
        keyFile: settings['tls-key'],
      }),
      bodyLimitBytes,
      bodyBudgetBytes: settings['body-budget-mib'] * mebibyte,
      report: (error) => logger.error('a connection failed', error),
    },
    dispatch,
  );
  return listening;
}

function readIdentitiesOrFail(configuration: Configuration): ReturnType<typeof readIdentities> {
  try {
    return readIdentities(configuration.identities, configuration.settings.account);
  } catch (error) {
    throw new ConfigurationError((error as Error).message, { cause: error });
  }
}

function healthPage(failure: Error | undefined): HttpResponse {
  const body = JSON.stringify(
    failure === undefined ? { status: 'ok' } : { status: 'failing', reason: failure.message },
  );
  return { status: failure === undefined ? 200 : 503, headers: { 'content-type': 'application/json' }, body };
}

function textPage(body: string): HttpResponse {
  return { status: 200, headers: { 'content-type': 'text/plain; version=0.0.4' }, body };
}

function processMetrics(): Record<string, number> {
  const { rss, heapUsed } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  return {
    residentBytes: rss,
    heapBytes: heapUsed,
    cpuSeconds: (user + system) / 1e6,
    uptimeSeconds: process.uptime(),
  };
}

function untilToldToStop(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
  });
}
