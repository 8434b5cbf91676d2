import { AwsError } from '@millrace/model';
import { accept, acceptingDeliveryStream, isEncrypted, recordIds } from '../accepting.ts';
import { deliveryStreamNotFound, slowDown } from '../errors.ts';
import { countedPut } from '../metrics/counted-put.ts';
import type { Handler } from '../handler.ts';

/** One record of up to 1,000 KiB; durable when it is answered. */
export const putRecord: Handler<'PutRecord'> = async (service, input, context) => {
  const stream = acceptingDeliveryStream(service, input.DeliveryStreamName, context);
  const { Data: data } = input.Record;
  const put = countedPut(service, stream, 'PutRecord');
  if (!service.rates.takeRecord(stream.logId, data.length)) {
    put.ended({ records: 0, bytes: 0, throttled: 1 });
    throw new AwsError(slowDown.code, slowDown.message, 503);
  }
  const index = await accept(service, stream, [data]);
  if (index === undefined) throw deliveryStreamNotFound(stream.name, stream.account);
  put.ended({ records: 1, bytes: data.length, throttled: 0 });
  return { RecordId: recordIds(service, stream.logId)(index), Encrypted: isEncrypted(stream) };
};
