import { AwsError } from '@millrace/model';
import { appendRecords, checkRecords, encryptionOf } from '../appending.ts';
import { dryRunSucceeded, invalidArgument } from '../errors.ts';
import type { Handler } from '../handler.ts';
import { decodeSequenceNumber } from '../sequence-number.ts';
import type { DataStreams } from '../service.ts';
import type { Stream } from '../state.ts';
import { findStream } from '../stream-lookup.ts';

/** One record. SequenceNumberForOrdering only checks: numbers of a shard rise strictly whatever a caller says. */
export const putRecord: Handler<'PutRecord'> = async (service, input, context) => {
  const stream = findStream(service.state, input, context);
  const checked = checkRecords(stream, [input], () => '');
  if (input.SequenceNumberForOrdering !== undefined) checkOrdering(service, stream, input.SequenceNumberForOrdering);
  if (input.DryRun === true) throw dryRunSucceeded();
  const metrics = service.metrics.of(stream);
  const beganMs = service.world.clock.monotonicMs();
  const [outcome] = await appendRecords(service, stream, checked);
  metrics.called('PutRecord', service.world.clock.monotonicMs() - beganMs);
  if ('ErrorCode' in outcome!)
    throw new AwsError(outcome.ErrorCode, outcome.ErrorMessage, outcome.ErrorCode === 'InternalFailure' ? 500 : 400);
  metrics.counters['PutRecord.Success'] += 1;
  metrics.counters['PutRecord.Bytes'] += checked.bytes;
  return { ...outcome!, ...encryptionOf(stream) };
};

/** Text recorded, for numbers that no shard gave or that lie in the future. */
function checkOrdering(service: DataStreams, stream: Stream, given: string): void {
  const decoded = decodeSequenceNumber(given);
  const now = Math.floor(service.world.clock.now() / 1000);
  if (decoded === undefined || decoded.arrivalSecond > now + 1 || decoded.shardNumber < 0) {
    throw invalidArgument(
      `ExclusiveMinimumSequenceNumber ${given} used in PutRecord on stream ${stream.name} under account ${stream.account} is invalid.`,
    );
  }
}
