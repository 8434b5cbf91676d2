import type { Delivery } from '../../delivery/delivery.ts';
import type { FailedRecord } from '../../delivery/failed-record.ts';
import { FailedSeries } from '../../delivery/failed-series.ts';
import { mostBytes } from '../../delivery/object-series.ts';
import { Partitions } from './partitions.ts';
import type { PartitionRecords } from './partitions.ts';
import type { S3Destination } from './settings.ts';

/** Objects at once: each holds a compressor. */
const storesAtOnce = 4;

/**
 * Stores a window's records, each partition as an object of its own; where a function makes much more of them than they were,
 * before all of them are there. A partition that cannot be stored is tried again, with all others, for the time that the
 * destination says; then its records go to the error prefix.
 */
export async function storePartitioned(delivery: Delivery, s3: S3Destination['s3']): Promise<void> {
  const most = delivery.service.settings.activePartitions;
  let partitions = new Partitions(s3.Prefix, most);
  const failed = new FailedSeries(delivery, 'partitions');
  let rounds = 0;
  const storeAll = async (): Promise<void> => {
    rounds += 1;
    delivery.metrics.set('PartitionCount', partitions.all.size);
    delivery.metrics.set('PartitionCountExceeded', partitions.isExceeded ? 1 : 0);
    await failed.add(partitions.failed);
    for (const records of await stored(partitions, { delivery, s3, round: rounds })) await failed.add(records);
    partitions = new Partitions(s3.Prefix, most);
  };
  const unprocessed = await delivery.process(s3.ProcessingConfiguration, async (records) => {
    partitions.add(records);
    if (partitions.heldBytes >= mostBytes(s3)) await storeAll();
  });
  await storeAll();
  await failed.end(unprocessed);
}

/**
 * Stores the partitions. Answers the records of those that could not be and are not to be tried again; rejects where some are,
 * before more of the window is taken in.
 */
async function stored(
  partitions: Partitions,
  { delivery, s3, round }: { readonly delivery: Delivery; readonly s3: S3Destination['s3']; readonly round: number },
): Promise<FailedRecord[][]> {
  const { service, attempt, signal } = delivery;
  const waiting = [...partitions.all.values()];
  const undelivered: { readonly partition: PartitionRecords; readonly error: unknown }[] = [];
  const storeNext = async (): Promise<void> => {
    for (let partition = waiting.shift(); partition !== undefined; partition = waiting.shift()) {
      const { id, records } = partition;
      try {
        await delivery.storeObject(`partition ${id} ${round}`, s3, async (add) => add(records), partition);
      } catch (error) {
        undelivered.push({ partition, error });
      }
    }
  };
  await Promise.all(Array.from({ length: storesAtOnce }, storeNext));
  const [first] = undelivered;
  if (first === undefined) return [];
  const retryMs = (s3.DynamicPartitioningConfiguration?.RetryOptions?.DurationInSeconds ?? 0) * 1000;
  const now = service.world.clock.monotonicMs();
  attempt.progress.failedMs ??= now;
  if (signal.aborted || now - attempt.progress.failedMs < retryMs) throw first.error;
  return undelivered.map(({ partition, error }) => failedRecords(partition, error));
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
