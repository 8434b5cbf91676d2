import type { KinesisClient } from '@aws-sdk/client-kinesis';
import { chain, compression } from '@millrace/payload';
import type { CompressionName, CompressionOptions, PayloadCodec } from '@millrace/payload';
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
  /** A call without an answer for so long is aborted, and its records are sent again while they have time left. */
  readonly requestTimeoutMs?: number;
  /** Bytes of records that are neither stored nor given up. Above it `ready` waits, and a put that would make it twice as much is rejected. */
  readonly maxBufferedBytes?: number;
  /** What a shard is sent at most, in percent of its 1 MiB and 1,000 records a second. More than 100 makes use of unused seconds. */
  readonly rateLimitPercent?: number;
  /**
   * Records of a key are stored in the order of their puts, also when some must be sent again: a key has one record under way at
   * a time, a shard one aggregated record.
   */
  readonly ordered?: boolean;
  /** Each record's data for itself, before encryption. Readers decompress with payloadReader of @millrace/payload. */
  readonly compression?: CompressionName | CompressionOptions;
  /** Each record's data for itself, before aggregation: awsEncryption of @millrace/payload, or any other. */
  readonly encryption?: PayloadCodec;
  readonly hooks?: ProducerHooks;
  /** Clock and randomness, for tests. */
  readonly world?: Pick<World, 'clock' | 'random'>;
}

/** What is told of a PutRecords call that was answered, or failed. */
export interface RequestReport {
  readonly records: number;
  readonly userRecords: number;
  /** Data and partition keys. */
  readonly bytes: number;
  /** Records that will be sent again. */
  readonly failed: number;
  /** Of these, because their shard had taken enough. */
  readonly throttled: number;
  readonly durationMs: number;
  /** How long the oldest of the user records had waited when the call began. */
  readonly oldestMs: number;
  /** What kept the call as a whole from being answered. */
  readonly error: Error | undefined;
}

/** Called as things happen; must not throw. */
export interface ProducerHooks {
  /** A PutRecords call was answered, or failed. */
  request?(request: RequestReport): void;
  /** A Kinesis record will be sent again. */
  retry?(attempt: Attempt): void;
  /** User records were given up: their promises are rejected with this message. */
  givenUp?(given: { readonly userRecords: number; readonly message: string }): void;
}

/** The options with their defaults. */
export interface Settings {
  readonly aggregation: boolean;
  readonly aggregationMaxBytes: number;
  readonly lingerMs: number;
  readonly recordTtlMs: number;
  readonly maxRequests: number;
  readonly requestTimeoutMs: number;
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
    requestTimeoutMs: options.requestTimeoutMs ?? 10_000,
    maxBufferedBytes: options.maxBufferedBytes ?? 64 << 20,
    rateLimitPercent: options.rateLimitPercent ?? 150,
    ordered: options.ordered ?? false,
  };
  for (const [name, value] of Object.entries(settings))
    if (typeof value === 'number' && !(value > 0 || (name === 'lingerMs' && value === 0)))
      throw new RangeError(`${name} must be greater than 0, not ${value}`);
  return settings;
}

/** What is done to a record's data; undefined where nothing is. Throws RangeError for a compression that there is none of. */
export function codecOf({ compression: wanted, encryption }: ProducerOptions): PayloadCodec | undefined {
  const codecs: PayloadCodec[] = [];
  if (wanted !== undefined) codecs.push(compression(typeof wanted === 'string' ? { algorithm: wanted } : wanted));
  if (encryption !== undefined) codecs.push(encryption);
  return codecs.length === 0 ? undefined : chain(codecs);
}
