import { join } from 'node:path';
import type { DataStreams } from '@millrace/data-streams';
import type { Firehose, ObjectStore } from '@millrace/firehose';
import { functionsMachine, openFunctions, openInvoker } from '@millrace/functions';
import type { OpenFunctions } from '@millrace/functions';
import { openRegistry } from '@millrace/log';
import type { ShardLog } from '@millrace/log';
import type { World } from '@millrace/world';
import { failureDestinations } from './failure-destinations.ts';
import { sourceStreams } from './source-streams.ts';
import type { LateInvoker } from './function-invoker.ts';
import type { Configuration } from './configuration.ts';
import type { Logger } from './logging.ts';

export interface StartedFunctions {
  readonly functions: OpenFunctions;
  /** Stopped after the service. */
  readonly registry: { failure(): Error | undefined; stop(): Promise<void> };
}

/** Functions on the data directory: what they log is in the server's log. */
export async function startFunctions(at: {
  world: World;
  directory: string;
  configuration: Configuration;
  logger: Logger;
  log: ShardLog;
  streams: DataStreams;
  firehose: Firehose;
  objects: ObjectStore;
  /** Calls them from now on. */
  invoker: LateInvoker;
}): Promise<StartedFunctions> {
  const { world, directory, logger, log } = at;
  const { settings, functions: declared } = at.configuration;
  const registry = await openRegistry({ world, directory: join(directory, 'functions'), machine: functionsMachine });
  const runs = openInvoker({
    world,
    processes: settings['function-processes'],
    line: (name, text) => logger.info(text, { function: name }),
  });
  const functions = await openFunctions({
    world,
    log,
    registry,
    codeDirectory: join(directory, 'functions-code'),
    declared,
    invoker: runs,
    sources: sourceStreams(at.streams),
    destinations: failureDestinations(at),
    settings: { transitionMs: settings['transition-ms'], account: settings.account, region: settings.region },
    report: (message, error) => (error === undefined ? logger.warn(message) : logger.error(message, error)),
  });
  at.invoker.open(functions.service);
  return { functions, registry };
}
