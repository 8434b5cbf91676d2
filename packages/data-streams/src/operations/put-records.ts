import { appendRecords, checkRecords, encryptionOf } from '../appending.ts';
import { dryRunSucceeded } from '../errors.ts';
import type { Handler } from '../handler.ts';
import { findStream } from '../stream-lookup.ts';

/** Up to 500 records, 10 MiB; each stored or refused by itself, in the order of the request. */
export const putRecords: Handler<'PutRecords'> = async (service, input, context) => {
  const stream = findStream(service.state, input, context);
  const checked = checkRecords(stream, input.Records, (index) => `records.${index + 1}.member.`);
  if (input.DryRun === true) throw dryRunSucceeded();
  const outcomes = await appendRecords(service, stream, checked);
  let failed = 0;
  for (const outcome of outcomes) if ('ErrorCode' in outcome) failed += 1;
  return { FailedRecordCount: failed, Records: outcomes, ...encryptionOf(stream) };
};
