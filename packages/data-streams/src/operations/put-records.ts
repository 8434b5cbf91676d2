import { appendRecords, checkRecords, encryptionOf } from '../appending.ts';
import { dryRunSucceeded } from '../errors.ts';
import type { Handler } from '../handler.ts';
import { findStream } from '../stream-lookup.ts';

/** Up to 500 records, 10 MiB; each stored or refused by itself, in the order of the request. */
export const putRecords: Handler<'PutRecords'> = async (service, input, context) => {
  const stream = findStream(service.state, input, context);
  const checked = checkRecords(stream, input.Records, (index) => `records.${index + 1}.member.`);
  if (input.DryRun === true) throw dryRunSucceeded();
  const beganMs = service.world.clock.monotonicMs();
  const outcomes = await appendRecords(service, stream, checked);
  let failed = 0;
  let throttled = 0;
  for (const outcome of outcomes) {
    if (!('ErrorCode' in outcome)) continue;
    failed += 1;
    if (outcome.ErrorCode === 'ProvisionedThroughputExceededException') throttled += 1;
  }
  const metrics = service.metrics.of(stream);
  metrics.called('PutRecords', service.world.clock.monotonicMs() - beganMs);
  metrics.counters['PutRecords.Bytes'] += checked.bytes;
  metrics.counters['PutRecords.TotalRecords'] += outcomes.length;
  metrics.counters['PutRecords.SuccessfulRecords'] += outcomes.length - failed;
  metrics.counters['PutRecords.ThrottledRecords'] += throttled;
  metrics.counters['PutRecords.FailedRecords'] += failed - throttled;
  if (failed < outcomes.length) metrics.counters['PutRecords.Success'] += 1;
  return { FailedRecordCount: failed, Records: outcomes, ...encryptionOf(stream) };
};
