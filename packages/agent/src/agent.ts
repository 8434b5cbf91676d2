import type { LeaseStore, ConsumerOptions } from '@millrace/consumer';
import type { Timer, World } from '@millrace/world';
import type { CheckpointStore } from './checkpoints/checkpoint-store.ts';
import type { AgentConfiguration, Destination, FlowConfiguration } from './configuration/configuration.ts';
import { createFlowParts } from './flow.ts';
import type { FlowParts } from './flow.ts';
import type { Logger } from './logging.ts';
import { InstanceFacts } from './processing/instance-facts.ts';
import type { AskInstance } from './processing/instance-facts.ts';
import type { Put } from './sending/destination.ts';
import { CloudWatchLogsFlow } from './sources/cloudwatch-logs-flow.ts';
import type { FlowSource } from './sources/flow-source.ts';
import type { CloudWatchMetrics } from './status/cloudwatch-metrics.ts';
import { FileFlow } from './tailing/file-flow.ts';

export interface AgentSurroundings {
  readonly world: World;
  readonly store: CheckpointStore;
  readonly logger: Logger;
  readonly askInstance: AskInstance;
  /** Absent where metrics are not emitted. */
  readonly metrics?: Pick<CloudWatchMetrics, 'request' | 'consecutiveErrors'>;
  /** How records get to a destination. */
  putTo(destination: Destination): Put;
  /** What reads the stream of a subscription. */
  reader?(flow: string): { readonly client: ConsumerOptions['client']; readonly leases: LeaseStore };
}

export interface RunningFlow {
  readonly configuration: FlowConfiguration;
  readonly parts: FlowParts;
  readonly source: FlowSource;
}

/** All flows of a configuration, in surroundings that a test can make up. */
export class Agent {
  readonly flows: readonly RunningFlow[];
  readonly #configuration: AgentConfiguration;
  readonly #around: AgentSurroundings;
  readonly #facts: InstanceFacts[] = [];
  #report: Timer | undefined;

  constructor(configuration: AgentConfiguration, around: AgentSurroundings) {
    this.#configuration = configuration;
    this.#around = around;
    this.flows = configuration.flows.map((flow) => this.#createFlow(flow));
  }

  /** Resolves when every flow has begun; rejects where one cannot. */
  async start(): Promise<void> {
    await Promise.all(this.#facts.map((facts) => facts.refresh()));
    for (const { source } of this.flows) await source.start();
    this.#reportLater();
  }

  /** Stops reading, waits for what was read to be stored (not for longer than said) and writes the checkpoints. */
  async stop(): Promise<void> {
    const { clock } = this.#around.world;
    this.#report?.cancel();
    await Promise.all(
      this.flows.map(async ({ source, parts }) => {
        const timeout = new Promise<void>(
          (resolve) => void clock.setTimer(this.#configuration.options.shutdownTimeoutMillis, resolve),
        );
        const stopped = source.stopReading().then(() => parts.publisher.flush());
        // What still waits to be gathered must not keep the reading from its end.
        parts.publisher.seal();
        await Promise.race([stopped, timeout]);
        parts.publisher.stop();
        await source.stop();
      }),
    );
  }

  #createFlow(configuration: FlowConfiguration): RunningFlow {
    const { world, logger, putTo, metrics } = this.#around;
    const { options, additions } = this.#configuration;
    const { id: flow, destination } = configuration;
    const parts = createFlowParts({
      world,
      configuration,
      put: putTo(destination),
      inFlight: options.maxSendingThreads ?? 1,
      maxBufferedBytes: additions.maxBufferedBytes,
      instance: (ttlMs) => this.#instanceFacts(ttlMs),
      onFailure: (reason, records) =>
        logger.warn('records were not stored, and are sent again', { flow, records, reason }),
      onProcessingError: ({ name: reason }) => {
        // The message of a parser's error may quote the record; and a log that is all wrong must not make another as long.
        const { processingErrors: count } = parts.counters;
        if (count % 1000 === 1) logger.warn('records cannot be processed, and go as they are', { flow, reason, count });
      },
      onRequest: (outcome) => metrics?.request(destination, outcome),
    });
    return { configuration, parts, source: this.#createSource(configuration, parts) };
  }

  #createSource(configuration: FlowConfiguration, parts: FlowParts): FlowSource {
    const { world, logger, store } = this.#around;
    const { id: flow, source, options } = configuration;
    const onError = (error: unknown): void => {
      parts.counters.lastError = (error as Error).message;
      logger.error('a turn of the flow failed, and is tried again', error, { flow });
    };
    if (source.type === 'files')
      return new FileFlow({
        world,
        configuration,
        parts,
        store,
        quietMs: this.#configuration.additions.quietMillis,
        onEvent: (what, path) => logger.info(`file ${what}`, { flow, path }),
        onError,
      });
    const reader = this.#around.reader?.(flow);
    if (reader === undefined) throw new Error('these surroundings have no streams to read');
    return new CloudWatchLogsFlow({
      ...reader,
      stream: source.stream,
      isFromStart: options.initialPosition === 'START_OF_FILE',
      parts,
      onForeign: (shardId, sequenceNumber) =>
        logger.warn('a record is nothing of CloudWatch Logs, and is passed over', { flow, shardId, sequenceNumber }),
      onError,
    });
  }

  #instanceFacts(ttlMs: number): InstanceFacts {
    const { world, askInstance, logger } = this.#around;
    const facts = new InstanceFacts(askInstance, {
      clock: world.clock,
      ttlMs,
      onAbsent: (error) => logger.error('the EC2 instance does not tell about itself; records go without', error),
    });
    this.#facts.push(facts);
    return facts;
  }

  /** Progress into the log, and into the metrics whether flows get on. */
  #reportLater(): void {
    const { world, logger, metrics } = this.#around;
    const { options } = this.#configuration;
    this.#report = world.clock.setTimer(options['log.statusReportingPeriodSeconds'] * 1000, () => {
      for (const { configuration, parts, source } of this.flows) {
        const { counters } = parts;
        metrics?.consecutiveErrors(configuration.destination, counters.consecutiveErrors);
        const isWhole =
          options['log.emitMetrics'] ||
          options['log.emitInternalMetrics'] ||
          configuration.options['log.emitInternalMetrics'];
        const { recordsParsed, bytesRead, recordsSent } = counters;
        logger.info('progress', {
          flow: configuration.id,
          ...(isWhole ? counters : { recordsParsed, bytesRead, recordsSent }),
          bytesBehind: source.files.reduce((sum, { bytesBehind }) => sum + bytesBehind, 0),
        });
      }
      this.#reportLater();
    });
  }
}
