import type { CloudWatch } from '@millrace/cloudwatch';
import type { Sample } from '@millrace/data-streams';
import type { World } from '@millrace/world';

const everyMs = 60_000;
const namespace = 'AWS/Kinesis';

/**
 * Puts what Data Streams counts into CloudWatch once a minute, under AWS's names and dimensions. A minute is one sample, where
 * AWS has one a call: sums and rates are AWS's, averages of sums are those of minutes. What did not move is not put.
 */
export function publishOwnMetrics(
  world: Pick<World, 'clock'>,
  cloudWatch: CloudWatch,
  samples: () => Iterable<Sample>,
): { stop(): void } {
  const publisher = new Publisher(cloudWatch);
  let timer = world.clock.setTimer(everyMs, tick);
  function tick(): void {
    publisher.publish(samples(), world.clock.now());
    timer = world.clock.setTimer(everyMs, tick);
  }
  return { stop: () => timer.cancel() };
}

export class Publisher {
  readonly #cloudWatch: CloudWatch;
  /** Of each counter and gauge, what it was a minute ago. */
  #before = new Map<string, number>();

  constructor(cloudWatch: CloudWatch) {
    this.#cloudWatch = cloudWatch;
  }

  publish(samples: Iterable<Sample>, nowMs: number): void {
    const present = new Map<string, number>();
    const sums = new Map<string, number>();
    for (const sample of samples) {
      const key = `${sample.stream.id}:${sample.shard ?? ''}:${sample.name}`;
      present.set(key, sample.value);
      const moved = sample.value - (this.#before.get(key) ?? 0);
      if (sample.kind === 'gauge') {
        if (sample.value > 0 || moved !== 0) this.#add(sample, sample.name, { count: 1, sum: sample.value }, nowMs);
      } else if (sample.name.endsWith('.Latency.Sum')) sums.set(key, moved);
      else if (moved > 0 && sample.name.endsWith('.Latency.Count')) {
        const sum = sums.get(key.replace(/Count$/, 'Sum')) ?? 0;
        this.#add(sample, sample.name.replace(/\.Count$/, ''), { count: moved, sum }, nowMs);
      } else if (moved > 0) this.#add(sample, sample.name, { count: 1, sum: moved }, nowMs);
    }
    this.#before = present;
  }

  #add({ stream, shard }: Sample, name: string, { count, sum }: { count: number; sum: number }, nowMs: number): void {
    const dimensions = [{ Name: 'StreamName', Value: stream.name }];
    if (shard !== undefined) dimensions.push({ Name: 'ShardId', Value: `shardId-${String(shard).padStart(12, '0')}` });
    const mean = sum / count;
    this.#cloudWatch.store.add(
      { account: stream.account, region: stream.region, namespace, name, dimensions },
      { timeMs: nowMs, unit: unitOf(name), statistics: { count, sum, min: mean, max: mean } },
      nowMs,
    );
  }
}

function unitOf(name: string): string {
  if (name.endsWith('Bytes')) return 'Bytes';
  return /Latency$|Milliseconds$|MillisBehindLatest$/.test(name) ? 'Milliseconds' : 'Count';
}
