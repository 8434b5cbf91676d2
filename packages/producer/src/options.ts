import type { KinesisClient } from '@aws-sdk/client-kinesis';
import type { World } from '@millrace/world';
import type { Attempt } from './errors.ts';

export interface ProducerOptions {
  /** Any client of @aws-sdk/client-kinesis; the producer does not destroy it. */
  readonly client: Pick<KinesisClient, 'send'>;
  /** The stream's name or its ARN. */
  readonly stream: string;
  /** Gather small records in one, as the KPL does; readers must take them apart, as KCL does. */
  readonly aggregation?: boolean;
  /** Bytes of an aggregated record. */
  readonly aggregationMaxBytes?: number;
  /** How long a record may wait for others. */
  readonly lingerMs?: number;
  /** How long the producer tries to put a record before its promise is rejected. */
  readonly recordTtlMs?: number;
  /** PutRecords calls under way at once. */
  readonly maxRequests?: number;
  /** Bytes of records that are neither stored nor given up. Above it `ready` waits, above twice as much `put` rejects. */
  readonly maxBufferedBytes?: number;
  /** What a shard is sent at most, in percent of its 1 MiB and 1,000 records a second. More than 100 makes use of unused seconds. */
  readonly rateLimitPercent?: number;
  /** Records of a shard are stored in the order of their puts, also when some must be sent again. One request a shard at a time. */
  readonly ordered?: boolean;
  readonly hooks?: ProducerHooks;
  /** Clock and randomness, for tests. */
  readonly world?: Pick<World, 'clock' | 'random'>;
}

/** Called as things happen; must not throw. */
export interface ProducerHooks {
  /** A PutRecords call was answered, or failed. */
  request?(request: {
    readonly records: number;
    readonly userRecords: number;
    readonly failed: number;
    readonly durationMs: number;
  }): void;
  /** A Kinesis record will be sent again. */
  retry?(attempt: Attempt): void;
}

/** The options with their defaults. */
export interface Settings {
  readonly aggregation: boolean;
  readonly aggregationMaxBytes: number;
  readonly lingerMs: number;
  readonly recordTtlMs: number;
  readonly maxRequests: number;
  readonly maxBufferedBytes: number;
  readonly rateLimitPercent: number;
  readonly ordered: boolean;
}

export function settingsOf(options: ProducerOptions): Settings {
  const settings = {
    aggregation: options.aggregation ?? true,
    aggregationMaxBytes: options.aggregationMaxBytes ?? 51_200,
    lingerMs: options.lingerMs ?? 100,
    recordTtlMs: options.recordTtlMs ?? 30_000,
    maxRequests: options.maxRequests ?? 24,
    maxBufferedBytes: options.maxBufferedBytes ?? 64 << 20,
    rateLimitPercent: options.rateLimitPercent ?? 150,
    ordered: options.ordered ?? false,
  };
  for (const [name, value] of Object.entries(settings))
    if (typeof value === 'number' && !(value > 0 || (name === 'lingerMs' && value === 0)))
      throw new RangeError(`${name} must be greater than 0, not ${value}`);
  return settings;
}
