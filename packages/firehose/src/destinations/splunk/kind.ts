import type { Delivery } from '../../delivery/delivery.ts';
import { DeliveryError, deliveryErrorOf } from '../../delivery/delivery-error.ts';
import { deliverRecords } from '../../delivery/record-delivery.ts';
import type { NotTaken } from '../../delivery/record-delivery.ts';
import type { ProcessedRecord } from '../../processing/processing.ts';
import { hintsFrom, mostSent } from '../buffering.ts';
import type { DestinationKind } from '../kind.ts';
import { sendToCollector } from './collector.ts';
import { createdSplunk, updatedSplunk } from './settings.ts';
import type { SplunkDestination } from './settings.ts';

const unreachable = 'Splunk.ConnectionClosed';

/** Splunk's HTTP event collector, with acknowledgement by its indexers. */
export const splunkKind: DestinationKind<SplunkDestination> = {
  type: 'Splunk',
  created: ({ DeliveryStreamName: name, SplunkDestinationConfiguration: given }) => given && createdSplunk(name, given),
  updated: (present, { DeliveryStreamName: name, SplunkDestinationUpdate: given }) =>
    given && updatedSplunk(name, present, given),
  described: ({ splunk, s3 }) => ({ SplunkDestinationDescription: { ...splunk, S3DestinationDescription: s3 } }),
  hints: ({ splunk }) => hintsFrom(splunk.BufferingHints, mostSent),
  metrics: () => 'DeliveryToSplunk',
  logging: ({ splunk }) => ({ options: splunk.CloudWatchLoggingOptions, destination: splunk.HECEndpoint }),
  processing: ({ splunk }) => splunk.ProcessingConfiguration,
  // Records, and the body that they become.
  copies: 2,
  deliver: (delivery, destination) =>
    deliverRecords(delivery, {
      processing: destination.splunk.ProcessingConfiguration,
      backsUpAll: destination.splunk.S3BackupMode === 'AllEvents',
      retrySeconds: destination.splunk.RetryOptions.DurationInSeconds!,
      errorOutputType: 'splunk-failed',
      unreachable,
      send: (records) => send(delivery, destination, records),
    }),
};

/**
 * All records in one request. Splunk takes none behind the first that is malformed: then each half goes by itself, until the
 * malformed ones are alone. What was before one is there twice, as Splunk cannot take it back.
 */
async function send(
  delivery: Delivery,
  destination: SplunkDestination,
  records: readonly ProcessedRecord[],
): Promise<readonly NotTaken[]> {
  try {
    await sendToCollector(delivery, destination, Buffer.concat(records.map(({ data }) => data)));
    return [];
  } catch (error) {
    if (!(error instanceof DeliveryError && error.isFinal)) throw error;
    if (records.length === 1) return [{ place: 0, reason: error }];
    const half = records.length >> 1;
    const first = await sendHalf(delivery, destination, records.slice(0, half));
    // Each of them would be waited for as long, one after the other: they are for the next try.
    const failure = first.find(({ reason }) => !reason.isFinal)?.reason;
    const others = records.slice(half);
    const second = failure === undefined ? await sendHalf(delivery, destination, others) : all(others, failure);
    return [...first, ...second.map(({ place, reason }) => ({ place: place + half, reason }))];
  }
}

/** A half that fails leaves what the other has come to as it is. */
async function sendHalf(
  delivery: Delivery,
  destination: SplunkDestination,
  records: readonly ProcessedRecord[],
): Promise<readonly NotTaken[]> {
  try {
    return await send(delivery, destination, records);
  } catch (error) {
    return all(records, deliveryErrorOf(error, unreachable));
  }
}

function all(records: readonly ProcessedRecord[], reason: DeliveryError): NotTaken[] {
  return records.map((_, place) => ({ place, reason }));
}
