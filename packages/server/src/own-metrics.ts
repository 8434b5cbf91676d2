import { statisticsOf } from '@millrace/cloudwatch';
import type { CloudWatch, Measurement } from '@millrace/cloudwatch';
import type { World } from '@millrace/world';
import type { ServiceSample } from './samples.ts';

const everyMs = 60_000;

/**
 * Puts what Data Streams and Firehose count into CloudWatch once a minute, under AWS's names and dimensions. A minute is one sample, where
 * AWS has one a call: sums and rates are AWS's, averages of sums are those of minutes. What did not move is not put.
 */
export function publishOwnMetrics(
  world: Pick<World, 'clock'>,
  cloudWatch: CloudWatch,
  from: { readonly samples: () => Iterable<ServiceSample>; readonly report: (error: Error) => void },
): { stop(): Promise<void> } {
  const counters = new Counters();
  let timer = world.clock.setTimer(everyMs, tick);
  const publish = (): Promise<void> =>
    cloudWatch.put(counters.moved(from.samples(), world.clock.now())).catch(from.report);
  function tick(): void {
    void publish();
    timer = world.clock.setTimer(everyMs, tick);
  }
  return {
    stop() {
      timer.cancel();
      return publish();
    },
  };
}

class Counters {
  /** Of each counter and gauge, what it was a minute ago. */
  #before = new Map<string, number>();

  /** What a minute has brought. */
  moved(samples: Iterable<ServiceSample>, nowMs: number): Measurement[] {
    const present = new Map<string, number>();
    const sums = new Map<string, number>();
    const measured: Measurement[] = [];
    for (const sample of samples) {
      const key = `${sample.namespace}:${sample.id}:${sample.name}`;
      present.set(key, sample.value);
      const moved = sample.value - (this.#before.get(key) ?? 0);
      if (sample.kind === 'gauge') {
        if (sample.value > 0 || moved !== 0) measured.push(measurement(sample, [sample.value, 1], nowMs));
      } else if (sample.name.endsWith('.Sum')) sums.set(key, moved);
      else if (moved > 0 && sample.name.endsWith('.Count')) {
        const mean = (sums.get(key.replace(/Count$/, 'Sum')) ?? 0) / moved;
        measured.push(measurement({ ...sample, name: sample.name.replace(/\.Count$/, '') }, [mean, moved], nowMs));
      } else if (moved > 0) measured.push(measurement(sample, [moved, 1], nowMs));
    }
    this.#before = present;
    return measured;
  }
}

function measurement(
  { name, namespace, account, region, dimensions }: ServiceSample,
  value: readonly [value: number, count: number],
  nowMs: number,
): Measurement {
  return {
    metric: { account, region, namespace, name, dimensions },
    timeMs: nowMs,
    unit: unitOf(name),
    statistics: statisticsOf([value]),
  };
}

function unitOf(name: string): string {
  if (name.endsWith('Bytes')) return 'Bytes';
  if (name.endsWith('DataFreshness')) return 'Seconds';
  return /(?:Latency|Duration|Milliseconds|MillisBehindLatest)$/.test(name) ? 'Milliseconds' : 'Count';
}
