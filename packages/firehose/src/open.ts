import { openAwsSigner } from './aws-signer.ts';
import type { AwsSigner } from './aws-signer.ts';
import type { Registry, ShardLog } from '@millrace/log';
import { resultOf } from '@millrace/model';
import type { Outcome } from '@millrace/model';
import { ByteBudget } from '@millrace/world';
import type { World } from '@millrace/world';
import type { Command } from './changes.ts';
import type { Conversions } from './conversion/conversions.ts';
import { compressors } from './delivery/compression.ts';
import type { Compressors } from './delivery/compression.ts';
import { Deliverers } from './delivery/deliverers.ts';
import type { ErrorLogs } from './error-logs.ts';
import type { HttpSender } from './http-sender.ts';
import type { IcebergTables } from './iceberg-tables.ts';
import { DeliveryMetrics } from './metrics/delivery-stream-metrics.ts';
import type { DeliverySample } from './metrics/delivery-stream-metrics.ts';
import type { ObjectStore } from './object-store.ts';
import { openJqEngine } from './processing/jq/jq-engine.ts';
import type { FunctionInvoker } from './processing/lambda/function-invoker.ts';
import type { QueryEngine } from './processing/metadata-extraction.ts';
import { createPutRates } from './put-rates.ts';
import type { DataKeys, Firehose, Settings } from './service.ts';
import { deliveryStreamKey } from './state.ts';
import type { ReadBudget, SourceStreams } from './source.ts';
import type { StatementSender } from './statement-sender.ts';
import type { FirehoseState } from './state.ts';
import type { SourceTopics } from './topics/source-topics.ts';

/** While one is being written another is read: both are done in one thread, beside the writer's own. */
const conversionsAtOnce = 2;

export interface FirehoseOptions {
  readonly world: World;
  /** Shared with Data Streams. */
  readonly log: ShardLog;
  /** Opened with firehoseMachine. */
  readonly registry: Registry<FirehoseState, Command, Outcome>;
  readonly keys: DataKeys;
  readonly objects: ObjectStore;
  readonly sources: SourceStreams;
  /** Of the streams; left out where reading them has no limits. */
  readonly readBudget?: ReadBudget;
  /** Left out where there are no topics to read. */
  readonly topics?: SourceTopics;
  readonly http: HttpSender;
  readonly errorLogs: ErrorLogs;
  /** By default with AWS's credentials as its tools find them. */
  readonly signer?: AwsSigner;
  readonly statements: StatementSender;
  readonly functions: FunctionInvoker;
  /** The simulation runs queries in its own thread. */
  readonly queries?: QueryEngine;
  readonly conversions: Conversions;
  /** Left out where no catalog of Iceberg is known. */
  readonly icebergTables?: IcebergTables;
  /** The simulation compresses without threads, which its clock does not see. */
  readonly compressors?: Compressors;
  readonly settings: Settings;
  /** Tells of a fault that no caller is answered for. */
  report(message: string, error: unknown): void;
}

export interface OpenFirehose {
  readonly service: Firehose;
  metrics(): Readonly<Record<string, number>>;
  /** CloudWatch's figures of each delivery stream. */
  samples(): Iterable<DeliverySample>;
  /** Ends delivery; the log and the registry are the caller's to stop after that. */
  stop(): Promise<void>;
}

const noTopics: SourceTopics = {
  has: () => false,
  open(arn) {
    throw new Error(`nobody said where ${arn} is`);
  },
};

const noTables: IcebergTables = {
  async append({ catalog }) {
    throw new Error(`nobody said where catalog ${catalog} is`);
  },
};

/** Starts the service on an open log and registry: claims its shards of the log, and goes on with what was pending. */
export async function openFirehose(options: FirehoseOptions): Promise<OpenFirehose> {
  const { world, log, registry, settings, keys, objects, sources, report } = options;
  const { state } = registry;
  const queries = options.queries ?? openJqEngine(world);
  const service: Firehose = {
    world,
    log,
    settings,
    state,
    rates: createPutRates(settings.limits, world),
    keys,
    objects,
    sources,
    readBudget: options.readBudget,
    topics: options.topics ?? noTopics,
    http: options.http,
    errorLogs: options.errorLogs,
    metrics: new DeliveryMetrics(),
    signer: options.signer ?? openAwsSigner(),
    statements: options.statements,
    functions: options.functions,
    queries,
    conversions: options.conversions,
    conversionTurns: new ByteBudget(conversionsAtOnce),
    icebergTables: options.icebergTables ?? noTables,
    compressors: options.compressors ?? compressors,
    report,
    async change<Result>(command: Command): Promise<Result> {
      return resultOf(await registry.execute(command)) as Result;
    },
  };
  for (const { status, logId } of state.deliveryStreams.values()) if (status !== 'CREATING') await log.create(logId);
  const deliverers = new Deliverers(service);
  registry.onApplied((command) => {
    if (command.type === 'CreateDeliveryStream')
      deliverers.watch(deliveryStreamKey(command.account, command.region, command.name));
    else if (command.type !== 'Delivered' && command.type !== 'TopicRead') deliverers.watch(command.deliveryStream);
  });
  for (const key of state.deliveryStreams.keys()) deliverers.watch(key);
  return {
    service,
    metrics: () => ({ deliveryStreams: state.deliveryStreams.size, ...deliverers.counters }),
    samples: () => service.metrics.samples(state.deliveryStreams.values()),
    async stop() {
      await deliverers.stop();
      await queries.stop();
    },
  };
}
