import { AwsError } from '@millrace/model';
import type { Change } from '../change.ts';
import type { Handler } from '../handler.ts';
import { taggedResource } from '../tagged-resource.ts';

export interface DeleteResourcePolicyCommand {
  readonly type: 'DeleteResourcePolicy';
  readonly atMs: number;
  readonly arn: string;
}

/** Detaches the policy of a stream or consumer. */
export const deleteResourcePolicy: Handler<'DeleteResourcePolicy'> = async (service, input) => {
  taggedResource(service.state, input.ResourceARN);
  await service.change({ type: 'DeleteResourcePolicy', atMs: service.world.clock.now(), arn: input.ResourceARN });
  return {};
};

export const deleteResourcePolicyChange: Change<DeleteResourcePolicyCommand> = {
  type: 'DeleteResourcePolicy',
  apply(state, { arn }) {
    if (!state.policies.delete(arn))
      throw new AwsError('ResourceNotFoundException', `No resource policy found for resource ARN ${arn}.`);
  },
};
