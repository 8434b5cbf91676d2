import type { Change } from './change.ts';
import { deliveredChange } from './delivery/delivered.ts';
import { setEncryptionChange } from './encryption.ts';
import { createDeliveryStreamChange } from './operations/create-delivery-stream.ts';
import { deleteDeliveryStreamChange } from './operations/delete-delivery-stream.ts';
import { tagDeliveryStreamChange } from './operations/tag-delivery-stream.ts';
import { untagDeliveryStreamChange } from './operations/untag-delivery-stream.ts';
import { updateDestinationChange } from './operations/update-destination.ts';
import { finishPendingChange } from './pending.ts';
import { topicReadChange } from './topics/topic-read.ts';

/** Every kind of change, by the type of its command. */
export const changes = {
  CreateDeliveryStream: createDeliveryStreamChange,
  DeleteDeliveryStream: deleteDeliveryStreamChange,
  Delivered: deliveredChange,
  FinishPending: finishPendingChange,
  SetEncryption: setEncryptionChange,
  TagDeliveryStream: tagDeliveryStreamChange,
  TopicRead: topicReadChange,
  UntagDeliveryStream: untagDeliveryStreamChange,
  UpdateDestination: updateDestinationChange,
} as const;

type CommandOf<C> = C extends Change<infer Command, infer _Result> ? Command : never;

/** Every command of the registry. */
export type Command = CommandOf<(typeof changes)[keyof typeof changes]>;
