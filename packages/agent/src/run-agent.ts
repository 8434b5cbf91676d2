import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { holdProcess, realWorld } from '@millrace/world';
import type { Clock, Disk } from '@millrace/world';
import { Agent } from './agent.ts';
import { CheckpointFileError, SqliteCheckpoints } from './checkpoints/sqlite-checkpoints.ts';
import { SqliteLeases } from './checkpoints/sqlite-leases.ts';
import { Clients } from './clients.ts';
import { readConfiguration } from './configuration/configuration.ts';
import type { AgentConfiguration } from './configuration/configuration.ts';
import { ConfigurationError } from './configuration/read-options.ts';
import { createLogger } from './logging.ts';
import type { Logger } from './logging.ts';
import { putWith } from './sending/aws-destinations.ts';
import type { AskInstance } from './processing/instance-facts.ts';
import { CloudWatchMetrics } from './status/cloudwatch-metrics.ts';
import { openStatusPage } from './status/status-page.ts';
import type { StatusPage } from './status/status-page.ts';
import { createAskInstance } from './instance-metadata.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const usual = '/etc/aws-kinesis/agent.json';
const usualFolder = '/etc/aws-kinesis/agent.d';

const help = `The Kinesis Agent: sends the lines of files to Kinesis Data Streams and Firehose.

usage: millrace-agent [--config FILE]

  --config FILE   the configuration, as AWS's agent has it (default ${usual}); also --configuration, -c
                  flows in ${usualFolder}/*.json are added
  --check         reads the configuration, says what is wrong with it, and ends
  --help          this text

It ends with 0 after SIGTERM or SIGINT, with 1 when it could not begin, with 2 when the configuration is wrong.
Its log is a line of JSON an event, on standard error.
`;

/** Runs the agent of a command line until it is told to end; answers the exit code. */
export async function runAgent(args: readonly string[], environment: Environment): Promise<number> {
  const world = realWorld();
  const logger = createLogger(world.clock, (line) => void process.stderr.write(line));
  // A line can make a pattern of the configuration, (a+)+b for example, try for years. Patterns that look around or back stay so.
  setFlagsFromString('--enable-experimental-regexp-engine-on-excessive-backtracks');
  try {
    const { values } = parseCommandLine(args);
    if (values.help === true) {
      process.stdout.write(help);
      return 0;
    }
    const path = values.config ?? values.configuration ?? usual;
    const configuration = await load(world.disk, path);
    for (const warning of configuration.warnings) logger.warn(warning);
    if (values.check === true) return 0;
    return await run(configuration, environment, logger);
  } catch (error) {
    const expected = error instanceof ConfigurationError;
    const isTold = expected || error instanceof CheckpointFileError;
    process.stderr.write(`millrace-agent: ${isTold ? error.message : ((error as Error).stack ?? String(error))}\n`);
    return expected ? 2 : 1;
  }
}

function parseCommandLine(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        config: { type: 'string' },
        configuration: { type: 'string', short: 'c' },
        check: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new ConfigurationError((error as Error).message, { cause: error });
  }
}

async function load(disk: Disk, path: string): Promise<AgentConfiguration> {
  const more: Record<string, string> = {};
  const names = await disk.list(usualFolder).catch(() => []);
  for (const name of names)
    if (path === usual && (await disk.stat(`${usualFolder}/${name}`))?.isFile === true)
      more[`${usualFolder}/${name}`] = await readText(disk, `${usualFolder}/${name}`);
  return readConfiguration(await readText(disk, path), more);
}

async function readText(disk: Disk, path: string): Promise<string> {
  try {
    const file = await disk.open(path, 'read');
    const bytes = Buffer.alloc(await file.size());
    const length = await file.read(bytes, 0, bytes.length, 0);
    await file.close();
    return bytes.toString('utf8', 0, length);
  } catch (error) {
    throw new ConfigurationError(`${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

async function run(configuration: AgentConfiguration, environment: Environment, logger: Logger): Promise<number> {
  const hold = holdProcess();
  try {
    return await runHeld(configuration, environment, logger);
  } finally {
    hold.release();
  }
}

async function runHeld(configuration: AgentConfiguration, environment: Environment, logger: Logger): Promise<number> {
  const world = realWorld();
  const { checkpointFile, checkpointTimeToLiveDays } = configuration.options;
  await world.disk.makeDirectory(dirname(checkpointFile));
  const store = new SqliteCheckpoints(checkpointFile);
  const clients = new Clients(configuration.options, environment);
  const askInstance = createAskInstance(environment);
  const told = new Promise<NodeJS.Signals>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve(signal));
  });
  const metrics = await createMetrics(configuration, { clients, clock: world.clock, askInstance, logger });
  const agent = new Agent(configuration, {
    world,
    store,
    logger,
    askInstance,
    ...(metrics !== undefined && { metrics }),
    putTo: putWith(clients),
    reader: (flow) => ({ client: clients.kinesis(), leases: new SqliteLeases(store.database, flow) }),
  });
  let page: StatusPage | undefined;
  try {
    await agent.start();
    const { statusPort, statusHost } = configuration.additions;
    if (statusPort !== undefined)
      page = await openStatusPage(world.network, { host: statusHost, port: statusPort }, agent.flows);
    for (const { configuration: flow, source } of agent.flows)
      store.forget(flow.id, {
        olderThanDays: checkpointTimeToLiveDays,
        but: new Set(source.files.map(({ path }) => path)),
      });
    logger.info('agent ready', { flows: agent.flows.length, statusPort: page?.port });
    const signal = await told;
    logger.info('agent stops', { signal });
    await agent.stop();
    const patience = new Promise<void>(
      (resolve) => void world.clock.setTimer(configuration.options.shutdownTimeoutMillis, resolve),
    );
    await Promise.race([metrics?.close(), patience]);
    logger.info('agent stopped');
    return 0;
  } finally {
    await page?.close();
    clients.destroy();
    store.close();
  }
}

async function createMetrics(
  { options }: AgentConfiguration,
  around: { clients: Clients; clock: Clock; askInstance: AskInstance; logger: Logger },
): Promise<CloudWatchMetrics | undefined> {
  if (!options['cloudwatch.emitMetrics']) return undefined;
  const { clients, clock, askInstance, logger } = around;
  const instance = options['cloudwatch.tagInstance']
    ? ((await askInstance('meta-data/instance-id').catch(() => undefined)) ?? hostname())
    : undefined;
  return new CloudWatchMetrics({
    client: clients.cloudWatch(),
    clock,
    namespace: options['cloudwatch.namespace'],
    bufferMs: options['cloudwatch.metricsBufferTimeMillis'],
    queueSize: options['cloudwatch.metricsQueueSize'],
    instance,
    onError: (error) => logger.error('metrics could not be sent, and are dropped', error),
  });
}
