import type { Delivery } from '../../delivery/delivery.ts';
import type { Compressor } from '../../delivery/compression.ts';
import { deliveryErrorOf } from '../../delivery/delivery-error.ts';
import { deliverRecords } from '../../delivery/record-delivery.ts';
import type { NotTaken } from '../../delivery/record-delivery.ts';
import type { ProcessedRecord } from '../../processing/processed-record.ts';
import { hintsFrom, mostSent } from '../buffering.ts';
import type { DestinationKind } from '../kind.ts';
import { bodyOf, checkAnswer, requestOf } from './request.ts';
import { createdHttp, httpDescription, updatedHttp } from './settings.ts';
import type { HttpDestination } from './settings.ts';

/** An endpoint that speaks AWS's protocol. */
export const httpEndpointKind: DestinationKind<HttpDestination> = {
  type: 'HttpEndpoint',
  created: ({ DeliveryStreamName: name, HttpEndpointDestinationConfiguration: given }) =>
    given && createdHttp(name, given),
  updated: (present, { DeliveryStreamName: name, HttpEndpointDestinationUpdate: given }) =>
    given && updatedHttp(name, present, given),
  described: (destination) => ({ HttpEndpointDestinationDescription: httpDescription(destination) }),
  hints: ({ http }) => hintsFrom(http.BufferingHints!, mostSent),
  metrics: () => 'DeliveryToHttpEndpoint',
  logging: ({ http, url }) => ({ options: http.CloudWatchLoggingOptions, destination: url }),
  processing: ({ http }) => http.ProcessingConfiguration,
  // Records, their base64 and the request's text.
  copies: 4,
  deliver: toHttpEndpoint,
};

const unreachable = 'HttpEndpoint.NetworkFailure';

async function toHttpEndpoint(delivery: Delivery, destination: HttpDestination): Promise<void> {
  const { http } = destination;
  await deliverRecords(delivery, {
    processing: http.ProcessingConfiguration,
    backsUpAll: http.S3BackupMode === 'AllData',
    retrySeconds: http.RetryOptions!.DurationInSeconds!,
    errorOutputType: 'http-endpoint-failed',
    unreachable,
    send: (records) => sendBatches(delivery, destination, records),
  });
}

/** "maxItems: 10000" of the request's schema. */
const batchRecords = 10_000;

/** As many requests as it takes. Those behind one that fails are sent all the same; each is taken or not by itself. */
async function sendBatches(
  delivery: Delivery,
  destination: HttpDestination,
  records: readonly ProcessedRecord[],
): Promise<readonly NotTaken[]> {
  const notTaken: NotTaken[] = [];
  for (const [first, end] of batchesOf(records, destination.http.BufferingHints!.SizeInMBs! << 20))
    try {
      await sendBatch(delivery, destination, records.slice(first, end));
    } catch (error) {
      const reason = deliveryErrorOf(error, unreachable);
      for (let place = first; place < end; place += 1) notTaken.push({ place, reason });
      // Nobody answers, or nobody waits: the others would hold the memory as long, one after the other.
      if (reason.code !== unreachable) continue;
      for (let place = end; place < records.length; place += 1) notTaken.push({ place, reason });
      break;
    }
  return notTaken;
}

/** Where batches begin and end; processing may have made much more of the records than the buffer was. */
function* batchesOf(
  records: readonly ProcessedRecord[],
  mostBytes: number,
): Generator<readonly [first: number, end: number]> {
  let [first, bytes] = [0, 0];
  for (const [place, { data }] of records.entries()) {
    if (place > first && (place - first === batchRecords || bytes + data.length > mostBytes)) {
      yield [first, place];
      [first, bytes] = [place, 0];
    }
    bytes += data.length;
  }
  if (first < records.length) yield [first, records.length];
}

async function sendBatch(
  delivery: Delivery,
  destination: HttpDestination,
  records: readonly ProcessedRecord[],
): Promise<void> {
  const { service, attempt, stream, signal } = delivery;
  const { world, http, compressors } = service;
  const data = records.map((record) => record.data);
  // An endpoint may drop what it has under an id already: other records are another request.
  const ends = [records[0]!, records.at(-1)!].map(({ logId, index, piece }) => `${logId}:${index}:${piece}`);
  const requestId = attempt.requestIdOf(`${ends.join(' ')} ${data.length} ${delivery.identityOf(data)}`);
  const body = bodyOf({ requestId, timestampMs: world.clock.now(), records: data });
  const isCompressed = destination.http.RequestConfiguration?.ContentEncoding === 'GZIP';
  const request = requestOf(destination, {
    requestId,
    deliveryStreamArn: stream.arn,
    body: isCompressed ? await compressed(compressors.GZIP!(world), body) : body,
  });
  checkAnswer(await http.send({ ...request, signal }), requestId);
}

async function compressed(compressor: Compressor, body: Buffer): Promise<Buffer> {
  try {
    await compressor.add(body);
    return Buffer.concat(await compressor.finish());
  } finally {
    compressor.discard();
  }
}
