import type { Delivery } from '../../delivery/delivery.ts';
import type { FailedRecord } from '../../delivery/failed-record.ts';
import { mostBytes } from '../../delivery/object-series.ts';
import { Partitions } from './partitions.ts';
import type { PartitionRecords } from './partitions.ts';
import type { S3Destination } from './settings.ts';

/** Objects at once: each holds a compressor. */
const storesAtOnce = 4;

/** What of a window's partitions could not be stored. */
interface Undelivered {
  readonly records: FailedRecord[];
  error: unknown;
}

/**
 * Stores a window's records, each partition as an object of its own; where a function makes much more of them than they were,
 * before all of them are there. A partition that cannot be stored is tried again, with all others, for the time that the
 * destination says; then its records go to the error prefix.
 */
export async function storePartitioned(delivery: Delivery, s3: S3Destination['s3']): Promise<void> {
  const { service, attempt, signal } = delivery;
  const undelivered: Undelivered = { records: [], error: undefined };
  const misplaced: FailedRecord[] = [];
  let partitions = new Partitions(s3.Prefix, service.settings.activePartitions);
  let rounds = 0;
  const storeAll = async (): Promise<void> => {
    rounds += 1;
    misplaced.push(...partitions.failed);
    delivery.metrics.set('PartitionCount', partitions.all.size);
    delivery.metrics.set('PartitionCountExceeded', partitions.isExceeded ? 1 : 0);
    await store(partitions, { delivery, s3, round: rounds, undelivered });
    partitions = new Partitions(s3.Prefix, service.settings.activePartitions);
  };
  const unprocessed = await delivery.process(s3.ProcessingConfiguration, async (records) => {
    partitions.add(records);
    if (partitions.bytes >= mostBytes(s3)) await storeAll();
  });
  await storeAll();
  const retryMs = (s3.DynamicPartitioningConfiguration?.RetryOptions?.DurationInSeconds ?? 0) * 1000;
  if (undelivered.error !== undefined) {
    const now = service.world.clock.monotonicMs();
    attempt.progress.failedMs ??= now;
    if (signal.aborted || now - attempt.progress.failedMs < retryMs) throw undelivered.error;
  }
  await delivery.storeFailed('processing-failed', [...unprocessed, ...misplaced, ...undelivered.records]);
}

async function store(
  partitions: Partitions,
  {
    delivery,
    s3,
    round,
    undelivered,
  }: {
    readonly delivery: Delivery;
    readonly s3: S3Destination['s3'];
    readonly round: number;
    readonly undelivered: Undelivered;
  },
): Promise<void> {
  const waiting = [...partitions.all.values()];
  const storeNext = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const { id, records } = next;
      try {
        await delivery.storeObject(`partition ${id} ${round}`, s3, async (add) => add(records), next);
      } catch (error) {
        undelivered.error ??= error;
        undelivered.records.push(...failedRecords(next, error));
      }
    }
  };
  await Promise.all(Array.from({ length: storesAtOnce }, storeNext));
}

function failedRecords({ records }: PartitionRecords, error: unknown): FailedRecord[] {
  const code = 'DynamicPartitioning.DeliveryFailed';
  const message = error instanceof Error ? error.message : String(error);
  return records.map(({ data, arrivalMs }) => ({
    data,
    arrivalMs,
    code,
    message,
    outputType: 'dynamic-partitioning-failed',
  }));
}
