import type { DeliveryStream } from '../state.ts';

/*
 * What CloudWatch tells of a delivery stream, under its names ("Monitor Firehose with CloudWatch metrics" of Firehose's guide),
 * counted since the server's start.
 */

/** What a kind of destination's metrics begin with. */
export type DestinationMetrics =
  | 'BackupToS3'
  | 'DeliveryToAmazonOpenSearchServerless'
  | 'DeliveryToAmazonOpenSearchService'
  | 'DeliveryToElasticsearch'
  | 'DeliveryToHttpEndpoint'
  | 'DeliveryToIceberg'
  | 'DeliveryToRedshift'
  | 'DeliveryToS3'
  | 'DeliveryToSplunk';

/** Counted up. */
export type DeliveryCounter =
  | `${DestinationMetrics}.Bytes`
  | `${DestinationMetrics}.Records`
  | 'DataReadFromKinesisStream.Bytes'
  | 'DataReadFromKinesisStream.Records'
  | 'DataReadFromSource.Bytes'
  | 'DataReadFromSource.Records'
  | 'DeliveryToIceberg.FailedRowCount'
  | 'DeliveryToIceberg.IncomingRowCount'
  | 'DeliveryToIceberg.SuccessfulRowCount'
  | 'DeliveryToS3.ObjectCount'
  | 'FailedConversion.Bytes'
  | 'FailedConversion.Records'
  | 'IncomingBytes'
  | 'IncomingPutRequests'
  | 'IncomingRecords'
  | 'PutRecord.Bytes'
  | 'PutRecord.Requests'
  | 'PutRecordBatch.Bytes'
  | 'PutRecordBatch.Records'
  | 'PutRecordBatch.Requests'
  | 'SucceedConversion.Bytes'
  | 'SucceedConversion.Records'
  | 'SucceedProcessing.Bytes'
  | 'SucceedProcessing.Records'
  | 'ThrottledRecords';

/** Of which the mean is what matters: told as a sum and a count. Success is 1 or 0, durations and latencies are milliseconds. */
export type DeliveryMean =
  | `${DestinationMetrics}.Success`
  | 'ExecuteProcessing.Duration'
  | 'ExecuteProcessing.Success'
  | 'JQProcessing.Duration'
  | 'PutRecord.Latency'
  | 'PutRecordBatch.Latency';

/** As it is now. Freshness is in seconds: the age of the oldest record that was, or is being, delivered. */
export type DeliveryGauge =
  | `${DestinationMetrics}.DataFreshness`
  | 'KinesisMillisBehindLatest'
  | 'PartitionCount'
  | 'PartitionCountExceeded';

/** One figure, for whoever shows it. */
export interface DeliverySample {
  /** CloudWatch's; a mean's is two: `.Sum` and `.Count`. */
  readonly name: string;
  readonly kind: 'counter' | 'gauge';
  readonly deliveryStream: Pick<DeliveryStream, 'account' | 'region' | 'name' | 'logId'>;
  readonly value: number;
}

/** The figures of one delivery stream. */
export class DeliveryStreamMetrics {
  readonly #counters = new Map<string, number>();
  readonly #gauges = new Map<string, number | (() => number)>();

  count(name: DeliveryCounter, by = 1): void {
    this.#add(name, by);
  }

  observe(name: DeliveryMean, value: number): void {
    this.#add(`${name}.Sum`, value);
    this.#add(`${name}.Count`, 1);
  }

  /** A gauge that moves by itself is a function. */
  set(name: DeliveryGauge, value: number | (() => number)): void {
    this.#gauges.set(name, value);
  }

  *samples(deliveryStream: DeliverySample['deliveryStream']): Generator<DeliverySample> {
    for (const [name, value] of this.#counters) yield { name, kind: 'counter', deliveryStream, value };
    for (const [name, value] of this.#gauges)
      yield { name, kind: 'gauge', deliveryStream, value: typeof value === 'number' ? value : value() };
  }

  #add(name: string, by: number): void {
    this.#counters.set(name, (this.#counters.get(name) ?? 0) + by);
  }
}

/** The metrics of all delivery streams: made at the first use. */
export class DeliveryMetrics {
  /** By logId: a delivery stream that is made again under its name is another. */
  readonly #all = new Map<number, DeliveryStreamMetrics>();

  of({ logId }: Pick<DeliveryStream, 'logId'>): DeliveryStreamMetrics {
    let metrics = this.#all.get(logId);
    if (metrics === undefined) this.#all.set(logId, (metrics = new DeliveryStreamMetrics()));
    return metrics;
  }

  /** Of a delivery stream that is gone. */
  forget(logId: number): void {
    this.#all.delete(logId);
  }

  *samples(deliveryStreams: Iterable<DeliveryStream>): Generator<DeliverySample> {
    for (const stream of deliveryStreams) {
      const metrics = this.#all.get(stream.logId);
      if (metrics !== undefined) yield* metrics.samples(stream);
    }
  }
}
