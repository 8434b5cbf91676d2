import type { ProcessingConfiguration } from '@millrace/model/firehose';
import type { ProcessedRecord } from '../processing/processed-record.ts';
import type { Delivery } from './delivery.ts';
import { deliveryErrorOf } from './delivery-error.ts';
import type { DeliveryError } from './delivery-error.ts';
import type { FailedRecord } from './failed-record.ts';

/** How records get to a destination that takes them, or refuses them, one by one or many at once. */
export interface RecordDelivery {
  readonly processing: ProcessingConfiguration | undefined;
  /** Whether everything is kept in the bucket before it is sent. */
  readonly backsUpAll: boolean;
  /** From the first failure on; 0 for no second try. */
  readonly retrySeconds: number;
  /** What names the records that the destination did not take, at the error prefix. */
  readonly errorOutputType: string;
  /** The code of records that no answer came for. */
  readonly unreachable: string;
  /** What a record's line at the error prefix has besides. */
  details?(record: ProcessedRecord): Readonly<Record<string, string>>;
  /** The error prefix of a record's own; the destination's where there is none. */
  errorPrefix?(record: ProcessedRecord): string | undefined;
  /** Counts what is settled, where records have another name in metrics. */
  count?(taken: number, refused: number): void;
  /**
   * Sends the records once. Answers those that were not taken, by their places; rejects where none was: DeliveryError tells the
   * code. Whether the destination took what no answer came for, nobody knows: it is sent again.
   */
  send(records: readonly ProcessedRecord[]): Promise<readonly NotTaken[]>;
}

export interface NotTaken {
  /** The record's, in what was sent. */
  readonly place: number;
  readonly reason: DeliveryError;
}

/** What is known of a window's records between two tries; by each one's place among all that processing made. */
export class RecordProgress {
  readonly #settled = new Map<number, DeliveryError | undefined>();
  readonly #tries = new Map<number, number>();
  #identity: string | undefined;
  tries = 0;
  /** Monotonic: when some record was not taken for the first time; retry time counts from there. */
  failedMs: number | undefined;

  /**
   * The places that are still to be delivered. Processing makes the same of the same window, but for functions, that may not:
   * where it made other records, told by `identity`, nothing is known of any.
   */
  open(count: number, identity: string): number[] {
    if (this.#identity !== identity) this.#settled.clear();
    this.#identity = identity;
    return Array.from({ length: count }, (_, place) => place).filter((place) => !this.#settled.has(place));
  }

  /** The destination has it, or, with a reason, will never. */
  settle(place: number, reason?: DeliveryError): void {
    this.#settled.set(place, reason);
    this.#tries.set(place, this.tries);
  }

  taken(records: readonly ProcessedRecord[]): ProcessedRecord[] {
    return records.filter((_, place) => this.#settled.has(place) && this.#settled.get(place) === undefined);
  }

  refused(
    records: readonly ProcessedRecord[],
    { details: detailsOf, errorPrefix: prefixOf }: Pick<RecordDelivery, 'details' | 'errorPrefix'> = {},
  ): FailedRecord[] {
    return records.flatMap((record, place) => {
      const reason = this.#settled.get(place);
      if (reason === undefined) return [];
      const { data, arrivalMs } = record;
      const { code, message } = reason;
      const details = detailsOf?.(record);
      const errorPrefix = prefixOf?.(record);
      const attempts = this.#tries.get(place)!;
      return [{ data, arrivalMs, code, message, attempts, errorPrefix, ...(details && { details }) }];
    });
  }
}

/**
 * Tries once. Resolves when every record is taken, or, its retry time over or never to be taken, stands at the error prefix;
 * rejects when some are to be tried again: those only.
 */
export async function deliverRecords(delivery: Delivery, by: RecordDelivery): Promise<void> {
  const { attempt, signal } = delivery;
  const records: ProcessedRecord[] = [];
  const unprocessed = await delivery.collect(by.processing, records);
  if (by.backsUpAll && !attempt.isBackedUp) {
    await delivery.storeObject('backup', delivery.s3, async (add) => add(records));
    attempt.isBackedUp = true;
  }
  const { progress } = attempt;
  const open = progress.open(records.length, delivery.identityOf(records.map(({ data }) => data)));
  const again = open.length === 0 ? undefined : await sendOnce(delivery, by, { records, open });
  // A delivery that is stopped is no failure of the destination: it goes on after the next start.
  if (again !== undefined) throw signal.aborted ? new Error('delivery stops', { cause: again }) : again;
  const taken = progress.taken(records);
  const { metricsName: name } = delivery;
  delivery.metrics.count(
    `${name}.Bytes`,
    taken.reduce((sum, { data }) => sum + data.length, 0),
  );
  if (by.count === undefined) delivery.metrics.count(`${name}.Records`, taken.length);
  else by.count(taken.length, records.length - taken.length);
  await delivery.storeFailed('processing-failed', unprocessed);
  await delivery.storeFailed(by.errorOutputType, progress.refused(records, by));
}

/** Sends what is open; answers why some of it is to be tried again, if any is. */
async function sendOnce(
  { service, attempt, signal }: Delivery,
  { send, unreachable, retrySeconds }: RecordDelivery,
  { records, open }: { readonly records: readonly ProcessedRecord[]; readonly open: readonly number[] },
): Promise<DeliveryError | undefined> {
  const { progress } = attempt;
  progress.tries += 1;
  let notTaken: readonly NotTaken[];
  try {
    notTaken = await send(open.map((place) => records[place]!));
  } catch (error) {
    const reason = deliveryErrorOf(error, unreachable);
    notTaken = open.map((_, place) => ({ place, reason }));
  }
  const reasons = new Map(notTaken.map(({ place, reason }) => [open[place]!, reason]));
  const now = service.world.clock.monotonicMs();
  if (reasons.size > 0) progress.failedMs ??= now;
  const isTimeLeft = now - (progress.failedMs ?? now) < retrySeconds * 1000;
  let again: DeliveryError | undefined;
  for (const place of open) {
    const reason = reasons.get(place);
    if (reason !== undefined && (signal.aborted || (isTimeLeft && !reason.isFinal))) again ??= reason;
    else progress.settle(place, reason);
  }
  return again;
}
