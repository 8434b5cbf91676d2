import type { Handlers } from './handler.ts';
import { createDeliveryStream } from './operations/create-delivery-stream.ts';
import { deleteDeliveryStream } from './operations/delete-delivery-stream.ts';
import { describeDeliveryStream } from './operations/describe-delivery-stream.ts';
import { listDeliveryStreams } from './operations/list-delivery-streams.ts';
import { listTagsForDeliveryStream } from './operations/list-tags-for-delivery-stream.ts';
import { putRecordBatch } from './operations/put-record-batch.ts';
import { putRecord } from './operations/put-record.ts';
import { startDeliveryStreamEncryption } from './operations/start-delivery-stream-encryption.ts';
import { stopDeliveryStreamEncryption } from './operations/stop-delivery-stream-encryption.ts';
import { tagDeliveryStream } from './operations/tag-delivery-stream.ts';
import { untagDeliveryStream } from './operations/untag-delivery-stream.ts';
import { updateDestination } from './operations/update-destination.ts';

/** Every operation of Firehose. An operation of the model without a handler does not compile. */
export const firehoseOperations = {
  CreateDeliveryStream: createDeliveryStream,
  DeleteDeliveryStream: deleteDeliveryStream,
  DescribeDeliveryStream: describeDeliveryStream,
  ListDeliveryStreams: listDeliveryStreams,
  ListTagsForDeliveryStream: listTagsForDeliveryStream,
  PutRecord: putRecord,
  PutRecordBatch: putRecordBatch,
  StartDeliveryStreamEncryption: startDeliveryStreamEncryption,
  StopDeliveryStreamEncryption: stopDeliveryStreamEncryption,
  TagDeliveryStream: tagDeliveryStream,
  UntagDeliveryStream: untagDeliveryStream,
  UpdateDestination: updateDestination,
} satisfies Handlers;
