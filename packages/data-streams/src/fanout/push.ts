import type { SubscribeToShardEvent, SubscribeToShardEventStream } from '@millrace/model/kinesis';
import { TokenBucket } from '@millrace/world';
import { readPage } from '../reading.ts';
import type { Page } from '../reading.ts';
import { encodeSequenceNumber } from '../sequence-number.ts';
import type { DataStreams } from '../service.ts';
import { childShards } from '../shards.ts';
import type { Shard, Stream } from '../state.ts';

/** An idle shard still says how far its reader is: KCL checkpoints by it. AWS sends such events every few seconds. */
const heartbeatMs = 5000;
const eventRecords = 10_000;
const eventBytes = 1 << 20;
const bytesPerSecond = 2 << 20;

export interface PushOptions {
  readonly stream: Stream;
  readonly shard: Shard;
  readonly fromIndex: number;
  /** Fire when the client left, or the session has to end. */
  readonly signals: readonly AbortSignal[];
  close(): void;
}

/**
 * The events of one subscription. Nothing is read before it is asked for: a slow reader holds back only itself, and costs
 * no memory but the event it has not taken. The session ends by itself after its time (five minutes at AWS), and at the end of a closed shard.
 */
export async function* push(service: DataStreams, options: PushOptions): AsyncGenerator<SubscribeToShardEventStream> {
  const { stream, shard, signals } = options;
  const { clock } = service.world;
  const endMs = clock.monotonicMs() + service.settings.subscriptionMs;
  const budget = service.settings.limits === 'aws' ? new TokenBucket(bytesPerSecond, clock.monotonicMs()) : undefined;
  let index = options.fromIndex;
  let isFirst = true;
  try {
    while (!signals.some(({ aborted }) => aborted) && clock.monotonicMs() < endMs) {
      while (budget?.has(1, clock.monotonicMs()) === false) {
        await pause(service, { logId: undefined, index, timeoutMs: 50, signals });
        if (signals.some(({ aborted }) => aborted)) return;
      }
      const page = await readPage(service, { stream, shard }, index, {
        maxRecords: eventRecords,
        maxBytes: eventBytes,
      });
      index = page.nextIndex;
      budget?.take(page.bytes);
      countEvent(service, options, page);
      if (page.atEnd) {
        yield event({ Records: page.records, MillisBehindLatest: 0, ChildShards: childShards(stream, shard) });
        return;
      }
      // The stream was deleted.
      if (service.log.status(shard.logId) === undefined) return;
      if (page.records.length > 0 || isFirst) {
        isFirst = false;
        yield event({
          Records: page.records,
          MillisBehindLatest: page.millisBehindLatest,
          ContinuationSequenceNumber: continuation(shard, index, clock.now()),
        });
        continue;
      }
      const timeoutMs = Math.min(heartbeatMs, endMs - clock.monotonicMs());
      const woken = await pause(service, { logId: shard.logId, index, timeoutMs, signals });
      // Between the closing of a log and the change that names the children there is nothing to say yet.
      if (woken && service.log.status(shard.logId)?.nextIndex === index && shard.closed === undefined) {
        await pause(service, { logId: undefined, index, timeoutMs: 20, signals });
      }
      if (!woken && !signals.some(({ aborted }) => aborted)) {
        yield event({
          Records: [],
          MillisBehindLatest: 0,
          ContinuationSequenceNumber: continuation(shard, index, clock.now()),
        });
      }
    }
  } finally {
    options.close();
  }
}

function countEvent(service: DataStreams, { stream, shard }: PushOptions, page: Page): void {
  const metrics = service.metrics.of(stream);
  metrics.counters['SubscribeToShardEvent.Success'] += 1;
  metrics.counters['SubscribeToShardEvent.Bytes'] += page.bytes;
  metrics.counters['SubscribeToShardEvent.Records'] += page.records.length;
  metrics.gauges['SubscribeToShardEvent.MillisBehindLatest'] = page.millisBehindLatest;
  metrics.read(shard.number, page.bytes, page.records.length);
}

/** The last event of a closed shard has no continuation: by that KCL sees the end, though the model requires the member. */
function event(
  content: Omit<SubscribeToShardEvent, 'ContinuationSequenceNumber'> & { ContinuationSequenceNumber?: string },
): SubscribeToShardEventStream {
  return { SubscribeToShardEvent: content as SubscribeToShardEvent };
}

/** A number that goes on at `index`, both with AT_ and with AFTER_SEQUENCE_NUMBER. */
function continuation(shard: Shard, index: number, nowMs: number): string {
  const { createdSecond, number: shardNumber } = shard;
  const arrivalSecond = index === 0 ? createdSecond : Math.max(createdSecond, Math.floor(nowMs / 1000));
  return encodeSequenceNumber({ createdSecond, place: index, arrivalSecond, shardNumber, isPosition: index > 0 });
}

/** Waits for a record at `index`, the time or a signal, whatever is first; true when the log woke it. */
function pause(
  service: DataStreams,
  {
    logId,
    index,
    timeoutMs,
    signals,
  }: { logId: number | undefined; index: number; timeoutMs: number; signals: readonly AbortSignal[] },
): Promise<boolean> {
  return new Promise((resolve) => {
    const finish = (woken: boolean): void => {
      timer.cancel();
      wait?.cancel();
      for (const signal of signals) signal.removeEventListener('abort', aborted);
      resolve(woken);
    };
    const aborted = (): void => finish(false);
    const timer = service.world.clock.setTimer(timeoutMs, () => finish(false));
    const wait = logId === undefined ? undefined : service.log.wait(logId, index, () => finish(true));
    for (const signal of signals) signal.addEventListener('abort', aborted);
    // It may have fired while the page was read.
    if (signals.some((signal) => signal.aborted)) finish(false);
  });
}
