import type { Sample } from '@millrace/data-streams';
import type { DeliverySample } from '@millrace/firehose';

/** A figure that a service counts, for CloudWatch and for Prometheus. */
export interface ServiceSample {
  /** CloudWatch's name; of a mean two, with `.Sum` and `.Count` behind it. */
  readonly name: string;
  readonly kind: 'counter' | 'gauge';
  readonly value: number;
  readonly namespace: 'AWS/Firehose' | 'AWS/Kinesis';
  /** What Prometheus' name begins with. */
  readonly family: 'firehose' | 'kinesis' | 'kinesis_shard';
  readonly account: string;
  readonly region: string;
  /** Of what is counted: another one where it was deleted and made again. */
  readonly id: string;
  readonly dimensions: readonly { readonly Name: keyof typeof labels; readonly Value: string }[];
}

/** Prometheus' labels, by CloudWatch's dimensions. */
export const labels = { StreamName: 'stream', ShardId: 'shard', DeliveryStreamName: 'delivery_stream' } as const;

export function* samplesOfStreams(samples: Iterable<Sample>): Generator<ServiceSample> {
  for (const { name, kind, value, stream, shard } of samples) {
    const { id, account, region } = stream;
    const ofStream = { name, kind, value, account, region, namespace: 'AWS/Kinesis' } as const;
    const whole = { Name: 'StreamName', Value: stream.name } as const;
    if (shard === undefined) yield { ...ofStream, family: 'kinesis', id, dimensions: [whole] };
    else {
      const part = { Name: 'ShardId', Value: `shardId-${String(shard).padStart(12, '0')}` } as const;
      yield { ...ofStream, family: 'kinesis_shard', id: `${id}:${shard}`, dimensions: [whole, part] };
    }
  }
}

export function* samplesOfDeliveries(samples: Iterable<DeliverySample>): Generator<ServiceSample> {
  for (const { name, kind, value, deliveryStream } of samples) {
    const { account, region, logId } = deliveryStream;
    const dimensions = [{ Name: 'DeliveryStreamName', Value: deliveryStream.name }] as const;
    const own = { name, kind, value, account, region, dimensions };
    yield { ...own, namespace: 'AWS/Firehose', family: 'firehose', id: String(logId) };
  }
}
