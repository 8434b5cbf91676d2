import type { Firehose } from '../service.ts';
import type { DeliveryStream } from '../state.ts';

/** What became of a put's records. */
export interface PutOutcome {
  readonly records: number;
  readonly bytes: number;
  readonly throttled: number;
}

/** Counts a put from its beginning to its end. */
export function countedPut(
  { metrics: all, world }: Pick<Firehose, 'metrics' | 'world'>,
  stream: DeliveryStream,
  operation: 'PutRecord' | 'PutRecordBatch',
): { ended(outcome: PutOutcome): void } {
  const begunMs = world.clock.monotonicMs();
  return {
    ended({ records, bytes, throttled }) {
      const metrics = all.of(stream);
      metrics.count('IncomingPutRequests');
      metrics.count('IncomingRecords', records);
      metrics.count('IncomingBytes', bytes);
      metrics.count('ThrottledRecords', throttled);
      metrics.count(`${operation}.Requests`);
      metrics.count(`${operation}.Bytes`, bytes);
      if (operation === 'PutRecordBatch') metrics.count('PutRecordBatch.Records', records);
      metrics.observe(`${operation}.Latency`, world.clock.monotonicMs() - begunMs);
    },
  };
}
