import type { PutRecordBatchResponseEntry } from '@millrace/model/firehose';
import { accept, acceptingDeliveryStream, isEncrypted, recordIds } from '../accepting.ts';
import { deliveryStreamNotFound, invalidArgument, slowDown } from '../errors.ts';
import { countedPut } from '../metrics/counted-put.ts';
import type { Handler } from '../handler.ts';

const batchBytes = 4 << 20;
const throttled: PutRecordBatchResponseEntry = { ErrorCode: slowDown.code, ErrorMessage: slowDown.message };

/** Up to 500 records of 1,000 KiB, 4 MiB in all; each taken or refused by itself, those taken in the order of the request. */
export const putRecordBatch: Handler<'PutRecordBatch'> = async (service, input, context) => {
  const bytes = input.Records.reduce((sum, { Data: data }) => sum + data.length, 0);
  if (bytes > batchBytes) throw invalidArgument('Request too large: records must not be larger than 4 MiB in all.');
  const stream = acceptingDeliveryStream(service, input.DeliveryStreamName, context);
  const put = countedPut(service, stream, 'PutRecordBatch');
  const taken: Buffer[] = [];
  const isTaken = input.Records.map(({ Data: data }) => {
    const hasRoom = service.rates.takeRecord(stream.logId, data.length);
    if (hasRoom) taken.push(data);
    return hasRoom;
  });
  let index = taken.length === 0 ? 0 : await accept(service, stream, taken);
  if (index === undefined) throw deliveryStreamNotFound(stream.name, stream.account);
  const takenBytes = taken.reduce((sum, data) => sum + data.length, 0);
  put.ended({ records: taken.length, bytes: takenBytes, throttled: isTaken.length - taken.length });
  const idOf = recordIds(service, stream.logId);
  const answers = isTaken.map((hasRoom) => (hasRoom ? { RecordId: idOf(index!++) } : throttled));
  return {
    FailedPutCount: answers.length - taken.length,
    Encrypted: isEncrypted(stream),
    RequestResponses: answers,
  };
};
