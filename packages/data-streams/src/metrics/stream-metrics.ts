import type { Stream } from '../state.ts';

/*
 * What CloudWatch tells of a stream (docs.aws.amazon.com/streams/latest/dev/monitoring-with-cloudwatch.html), under its names,
 * counted since the server's start. An average over successes and failures is, as counters, successes and all calls; so is a
 * mean latency a sum and a count.
 */
const streamCounters = [
  'IncomingBytes',
  'IncomingRecords',
  'PutRecord.Bytes',
  'PutRecord.Success',
  'PutRecords.Bytes',
  'PutRecords.Success',
  'PutRecords.TotalRecords',
  'PutRecords.SuccessfulRecords',
  'PutRecords.FailedRecords',
  'PutRecords.ThrottledRecords',
  'GetRecords.Bytes',
  'GetRecords.Records',
  'GetRecords.Success',
  'ReadProvisionedThroughputExceeded',
  'WriteProvisionedThroughputExceeded',
  'SubscribeToShard.Success',
  'SubscribeToShard.RateExceeded',
  'SubscribeToShardEvent.Bytes',
  'SubscribeToShardEvent.Records',
  'SubscribeToShardEvent.Success',
] as const;
const streamGauges = ['GetRecords.IteratorAgeMilliseconds', 'SubscribeToShardEvent.MillisBehindLatest'] as const;
const timedOperations = ['PutRecord', 'PutRecords', 'GetRecords'] as const;
const shardCounters = [
  'IncomingBytes',
  'IncomingRecords',
  'OutgoingBytes',
  'OutgoingRecords',
  'ReadProvisionedThroughputExceeded',
  'WriteProvisionedThroughputExceeded',
] as const;

type StreamCounter = (typeof streamCounters)[number];
type StreamGauge = (typeof streamGauges)[number];
type TimedOperation = (typeof timedOperations)[number];
type ShardCounter = (typeof shardCounters)[number];

const zeros = <Name extends string>(names: readonly Name[]): Record<Name, number> =>
  Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;

interface ShardMetrics {
  readonly counters: Record<ShardCounter, number>;
  iteratorAgeMs: number;
}

/** The figures of one stream. */
export class StreamMetrics {
  readonly #stream: Stream;
  readonly counters = zeros<StreamCounter>(streamCounters);
  readonly gauges = zeros<StreamGauge>(streamGauges);
  readonly calls = zeros<TimedOperation>(timedOperations);
  readonly latencyMs = zeros<TimedOperation>(timedOperations);
  readonly shards = new Map<number, ShardMetrics>();

  constructor(stream: Stream) {
    this.#stream = stream;
  }

  /** Counts a call that has ended, whether well or not. */
  called(operation: TimedOperation, latencyMs: number): void {
    this.calls[operation] += 1;
    this.latencyMs[operation] += latencyMs;
  }

  wrote(shard: number, bytes: number, records: number): void {
    this.counters.IncomingBytes += bytes;
    this.counters.IncomingRecords += records;
    const counters = this.#shard(shard)?.counters;
    if (counters === undefined) return;
    counters.IncomingBytes += bytes;
    counters.IncomingRecords += records;
  }

  read(shard: number, bytes: number, records: number): void {
    const counters = this.#shard(shard)?.counters;
    if (counters === undefined) return;
    counters.OutgoingBytes += bytes;
    counters.OutgoingRecords += records;
  }

  exceeded(kind: 'Read' | 'Write', shard: number): void {
    this.counters[`${kind}ProvisionedThroughputExceeded`] += 1;
    const counters = this.#shard(shard)?.counters;
    if (counters !== undefined) counters[`${kind}ProvisionedThroughputExceeded`] += 1;
  }

  /** The age of the last record that was read with GetRecords; 0 at the tip. */
  readAtAge(shard: number, ageMs: number): void {
    this.gauges['GetRecords.IteratorAgeMilliseconds'] = ageMs;
    const metrics = this.#shard(shard);
    if (metrics !== undefined) metrics.iteratorAgeMs = ageMs;
  }

  /** Undefined while EnableEnhancedMonitoring has named no metric of shards. */
  #shard(shard: number): ShardMetrics | undefined {
    if (this.#stream.enhancedMetrics.length === 0) return undefined;
    let metrics = this.shards.get(shard);
    if (metrics === undefined) this.shards.set(shard, (metrics = { counters: zeros(shardCounters), iteratorAgeMs: 0 }));
    return metrics;
  }
}

/** One figure, for whoever shows it. */
export interface Sample {
  /** CloudWatch's, with `.Latency` as two: `.Latency.Sum` in milliseconds and `.Latency.Count`. */
  readonly name: string;
  readonly kind: 'counter' | 'gauge';
  readonly stream: Stream;
  /** Undefined for a figure of the whole stream. */
  readonly shard: number | undefined;
  readonly value: number;
}

/** The metrics of all streams: made at the first use, gone with the stream. */
export class Metrics {
  readonly #streams = new Map<string, { stream: Stream; metrics: StreamMetrics }>();

  of(stream: Stream): StreamMetrics {
    const known = this.#streams.get(stream.id);
    if (known !== undefined) return known.metrics;
    const metrics = new StreamMetrics(stream);
    this.#streams.set(stream.id, { stream, metrics });
    return metrics;
  }

  forget(stream: Stream): void {
    this.#streams.delete(stream.id);
  }

  *samples(): Generator<Sample> {
    for (const { stream, metrics } of this.#streams.values()) {
      const sample = (name: string, kind: Sample['kind'], value: number, shard?: number): Sample => ({
        name,
        kind,
        stream,
        shard,
        value,
      });
      for (const name of streamCounters) yield sample(name, 'counter', metrics.counters[name]);
      for (const name of streamGauges) yield sample(name, 'gauge', metrics.gauges[name]);
      for (const name of timedOperations) {
        yield sample(`${name}.Latency.Sum`, 'counter', metrics.latencyMs[name]);
        yield sample(`${name}.Latency.Count`, 'counter', metrics.calls[name]);
      }
      const enabled = new Set(stream.enhancedMetrics);
      for (const [number, { counters, iteratorAgeMs }] of metrics.shards) {
        if (!stream.shards.has(number)) {
          metrics.shards.delete(number);
          continue;
        }
        for (const name of shardCounters) if (enabled.has(name)) yield sample(name, 'counter', counters[name], number);
        if (enabled.has('IteratorAgeMilliseconds'))
          yield sample('IteratorAgeMilliseconds', 'gauge', iteratorAgeMs, number);
      }
    }
  }
}
