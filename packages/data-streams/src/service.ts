import type { ByteBudget, World } from '@millrace/world';
import type { ShardLog } from '@millrace/log';
import type { StreamsState } from './state.ts';
import type { Command } from './changes.ts';
import type { Limits } from './limits/limits.ts';
import type { Fanout } from './fanout/fanout.ts';
import type { IteratorCodec } from './iterators/iterator-codec.ts';
import type { Metrics } from './metrics/stream-metrics.ts';
import type { Traffic } from './on-demand/traffic.ts';

/** What every operation works with. One per server. */
export interface DataStreams {
  readonly world: World;
  readonly log: ShardLog;
  readonly settings: Settings;
  readonly state: StreamsState;
  /** Makes a change durable and applies it. Throws the AwsError with which the change was refused. */
  change<Result = void>(command: Command): Promise<Result>;
  readonly limits: Limits;
  readonly fanout: Fanout;
  readonly iterators: IteratorCodec;
  readonly keys: DataKeys;
  readonly traffic: Traffic;
  readonly metrics: Metrics;
  /** Bytes of records on their way to readers. */
  readonly answers: ByteBudget;
  /** Logs a fault that is answered to the caller only by its code. */
  report(error: unknown): void;
  /** Resolves after the next change of a stream, or the time. */
  nextChange(streamKey: string, timeoutMs: number): Promise<void>;
}

/** Data keys of stream encryption; handed in by the server from access. */
export interface DataKeys {
  /** Makes a data key under the named master key, durable when it resolves; answers its keyRef. Throws AwsError KMS…Exception. */
  create(keyId: string, account: string, region: string): Promise<number>;
}

export interface Settings {
  /** 'none' turns rates and quotas off, never correctness. */
  readonly limits: 'aws' | 'none';
  /** How long CREATING, UPDATING and DELETING last. */
  readonly transitionMs: number;
  /** How long a subscription to a shard lasts before its consumer has to renew it; five minutes at AWS. */
  readonly subscriptionMs: number;
  /** Registered consumers a stream may have; 20 at AWS (50 with On-demand Advantage). */
  readonly consumersPerStream: number;
  /** Open shards an account may have in a region. */
  readonly shardQuota: number;
}

/** Open shards of an account in a region where there are no quotas: as many as one machine can be asked to hold. */
const mostShards = 100_000;

/** How many open shards an account may have in a region; `--limits none` leaves the machine's own bound. */
export function shardQuota({ limits, shardQuota: quota }: Settings): number {
  return limits === 'none' ? mostShards : quota;
}

/** Who calls, from where. Made by the server for each request. */
export interface RequestContext {
  readonly requestId: string;
  readonly account: string;
  readonly region: string;
  /** The ARN of the caller, e.g. arn:aws:iam::000000000000:root. */
  readonly principal: string;
  /** Fires when the client is gone. */
  readonly signal: AbortSignal;
  /** Calls `run` when the answer has gone, or the client has. */
  onAnswered(run: () => void): void;
}
