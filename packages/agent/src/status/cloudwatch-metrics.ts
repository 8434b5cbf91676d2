import { PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import type { CloudWatchClient, MetricDatum, StandardUnit } from '@aws-sdk/client-cloudwatch';
import type { Clock, Timer } from '@millrace/world';
import type { Destination } from '../configuration/configuration.ts';

export interface CloudWatchMetricsOptions {
  readonly client: Pick<CloudWatchClient, 'send'>;
  readonly clock: Clock;
  readonly namespace: string;
  readonly bufferMs: number;
  /** Values beyond that are dropped. */
  readonly queueSize: number;
  /** The dimension Instance. */
  readonly instance: string | undefined;
  onError(error: unknown): void;
}

interface Gathered {
  readonly destination: string;
  readonly name: string;
  readonly unit: StandardUnit;
  readonly sinceMs: number;
  count: number;
  sum: number;
  least: number;
  most: number;
}

/** PutMetricData takes a thousand; a request stays small with fewer. */
const mostData = 500;

/** The metrics of AWS's agent, gathered over a while and sent: names, units and dimensions are its. */
export class CloudWatchMetrics {
  readonly #options: CloudWatchMetricsOptions;
  #gathered = new Map<string, Gathered>();
  #timer: Timer | undefined;
  #sending: Promise<void> = Promise.resolve();

  constructor(options: CloudWatchMetricsOptions) {
    this.#options = options;
    this.#later();
  }

  /** Counts a request to a destination. */
  request(
    { type, name }: Destination,
    outcome: { records: number; stored: number; bytes: number; isError: boolean },
  ): void {
    const destination = `${type === 'stream' ? 'KinesisStream' : 'DeliveryStream'}:${name}`;
    this.#add(destination, 'RecordSendAttempts', outcome.records);
    this.#add(destination, 'ServiceErrors', outcome.isError ? 1 : 0);
    if (outcome.isError) return;
    this.#add(destination, 'BytesSent', outcome.bytes, 'Bytes');
    this.#add(destination, 'RecordsSent', outcome.stored);
    this.#add(destination, 'RecordSendErrors', outcome.records - outcome.stored);
  }

  /** Above 0 where a flow does not get on. */
  consecutiveErrors({ name }: Destination, count: number): void {
    this.#add(name, 'ConsecutiveProcessingErrors', count);
  }

  /** Sends what was gathered last. */
  async close(): Promise<void> {
    this.#timer?.cancel();
    this.#send();
    await this.#sending;
  }

  #add(destination: string, name: string, value: number, unit: StandardUnit = 'Count'): void {
    const key = `${name} ${destination}`;
    const found = this.#gathered.get(key);
    if (found === undefined) {
      if (this.#gathered.size >= this.#options.queueSize) return;
      const sinceMs = this.#options.clock.now();
      this.#gathered.set(key, { destination, name, unit, sinceMs, count: 1, sum: value, least: value, most: value });
      return;
    }
    found.count += 1;
    found.sum += value;
    found.least = Math.min(found.least, value);
    found.most = Math.max(found.most, value);
  }

  #later(): void {
    this.#timer = this.#options.clock.setTimer(this.#options.bufferMs, () => {
      this.#send();
      this.#later();
    });
  }

  /** One after the other; what cannot be sent is dropped and told: metrics are not worth memory. */
  #send(): void {
    const data = [...this.#gathered.values()].map((gathered) => this.#datumOf(gathered));
    this.#gathered = new Map();
    this.#sending = this.#sending.then(async () => {
      for (let at = 0; at < data.length; at += mostData) {
        const { client, namespace, onError } = this.#options;
        await client
          .send(new PutMetricDataCommand({ Namespace: namespace, MetricData: data.slice(at, at + mostData) }))
          .catch(onError);
      }
    });
  }

  #datumOf({ destination, name, unit, sinceMs, count, sum, least, most }: Gathered): MetricDatum {
    const { instance } = this.#options;
    return {
      MetricName: name,
      Unit: unit,
      Timestamp: new Date(sinceMs),
      Dimensions: [
        { Name: 'Destination', Value: destination },
        ...(instance === undefined ? [] : [{ Name: 'Instance', Value: instance }]),
      ],
      StatisticValues: { SampleCount: count, Sum: sum, Minimum: least, Maximum: most },
    };
  }
}
