import type { ShardLog } from '@millrace/log';
import type { ByteBudget, World } from '@millrace/world';
import type { Command } from './changes.ts';
import type { Conversions } from './conversion/conversions.ts';
import type { Compressors } from './delivery/compression.ts';
import type { ErrorLogs } from './error-logs.ts';
import type { AwsSigner } from './aws-signer.ts';
import type { HttpSender } from './http-sender.ts';
import type { IcebergTables } from './iceberg-tables.ts';
import type { DeliveryMetrics } from './metrics/delivery-stream-metrics.ts';
import type { ObjectStore } from './object-store.ts';
import type { FunctionInvoker } from './processing/lambda/function-invoker.ts';
import type { QueryEngine } from './processing/metadata-extraction.ts';
import type { PutRates } from './put-rates.ts';
import type { ReadBudget, SourceStreams } from './source.ts';
import type { StatementSender } from './statement-sender.ts';
import type { FirehoseState } from './state.ts';
import type { SourceTopics } from './topics/source-topics.ts';

/** What every operation works with. One per server. */
export interface Firehose {
  readonly world: World;
  readonly log: ShardLog;
  readonly settings: Settings;
  readonly state: FirehoseState;
  readonly rates: PutRates;
  readonly keys: DataKeys;
  readonly objects: ObjectStore;
  readonly sources: SourceStreams;
  /** Undefined where reading streams has no limits. */
  readonly readBudget: ReadBudget | undefined;
  readonly topics: SourceTopics;
  readonly http: HttpSender;
  readonly signer: AwsSigner;
  readonly statements: StatementSender;
  readonly functions: FunctionInvoker;
  readonly queries: QueryEngine;
  readonly icebergTables: IcebergTables;
  readonly compressors: Compressors;
  readonly errorLogs: ErrorLogs;
  readonly metrics: DeliveryMetrics;
  readonly conversions: Conversions;
  /** How many files may be made at once, counted: each takes memory beside its records. */
  readonly conversionTurns: ByteBudget;
  /** Makes a change durable and applies it. Throws the AwsError with which the change was refused. */
  change<Result = void>(command: Command): Promise<Result>;
  /** Tells of a fault that no caller is answered for. */
  report(message: string, error: unknown): void;
}

/** Data keys of encryption at rest; handed in by the server from access. */
export interface DataKeys {
  /** Makes a data key under the named master key, durable when it resolves; answers its keyRef. Throws AwsError KMS…Exception. */
  create(keyId: string, account: string, region: string): Promise<number>;
}

export interface Settings {
  /** 'none' turns rates and quotas off, never correctness. */
  readonly limits: 'aws' | 'none';
  /** How long CREATING, DELETING, ENABLING and DISABLING last. */
  readonly transitionMs: number;
  /** What all deliveries that are under way may hold in memory; one that needs more goes alone. */
  readonly deliveryBytes: number;
  /** Where the clusters of OpenSearch domains are: URLs, by the domain's name or its ARN. */
  readonly searchDomains?: ReadonlyMap<string, string>;
  /** How many partitions a delivery stream may have in what is delivered at once: AWS's quota is 500. */
  readonly activePartitions: number;
  /** Catalogs of Iceberg that IcebergTables knows: by the last part of a CatalogARN, or the ARN. */
  readonly icebergCatalogs?: ReadonlySet<string>;
}

/** Who calls. Made by the server for each request. */
export interface RequestContext {
  readonly requestId: string;
  readonly account: string;
  readonly region: string;
}
