import { addTagsToStreamChange } from './operations/add-tags-to-stream.ts';
import { createStreamChange } from './operations/create-stream.ts';
import { deleteResourcePolicyChange } from './operations/delete-resource-policy.ts';
import { deleteStreamChange } from './operations/delete-stream.ts';
import { deregisterStreamConsumerChange } from './operations/deregister-stream-consumer.ts';
import { putResourcePolicyChange } from './operations/put-resource-policy.ts';
import { registerStreamConsumerChange } from './operations/register-stream-consumer.ts';
import { removeTagsFromStreamChange } from './operations/remove-tags-from-stream.ts';
import { tagResourceChange } from './operations/tag-resource.ts';
import { untagResourceChange } from './operations/untag-resource.ts';
import { updateAccountSettingsChange } from './operations/update-account-settings.ts';
import { startEncryptionChange } from './encryption.ts';
import { setMonitoringChange } from './monitoring.ts';
import { setRetentionChange } from './retention-change.ts';
import { beginReshardChange } from './reshard/begin.ts';
import { completeStepChange } from './reshard/complete.ts';
import { dropShardsChange } from './retention.ts';
import { setCapacityChange } from './capacity.ts';
import { finishConsumerChange, finishDeletionChange, finishPendingChange } from './transitions.ts';
import type { Change } from './change.ts';

/** Every kind of change, by the type of its command. */
export const changes = {
  AddTagsToStream: addTagsToStreamChange,
  BeginReshard: beginReshardChange,
  CompleteReshardStep: completeStepChange,
  CreateStream: createStreamChange,
  DeleteResourcePolicy: deleteResourcePolicyChange,
  DeleteStream: deleteStreamChange,
  DeregisterStreamConsumer: deregisterStreamConsumerChange,
  DropShards: dropShardsChange,
  FinishConsumer: finishConsumerChange,
  FinishDeletion: finishDeletionChange,
  FinishPending: finishPendingChange,
  PutResourcePolicy: putResourcePolicyChange,
  RegisterStreamConsumer: registerStreamConsumerChange,
  RemoveTagsFromStream: removeTagsFromStreamChange,
  SetCapacity: setCapacityChange,
  SetMonitoring: setMonitoringChange,
  SetRetention: setRetentionChange,
  StartEncryption: startEncryptionChange,
  TagResource: tagResourceChange,
  UntagResource: untagResourceChange,
  UpdateAccountSettings: updateAccountSettingsChange,
} as const;

type CommandOf<C> = C extends Change<infer Command, infer _Result> ? Command : never;

/** Every command of the registry. */
export type Command = CommandOf<(typeof changes)[keyof typeof changes]>;
