import type { Change } from '../change.ts';
import { invalidArgument } from '../errors.ts';
import type { Handler } from '../handler.ts';
import { taggedResource } from '../tagged-resource.ts';

export interface PutResourcePolicyCommand {
  readonly type: 'PutResourcePolicy';
  readonly atMs: number;
  readonly arn: string;
  readonly policy: string;
}

/** Attaches a policy document to a stream or consumer, in the place of an earlier one. */
export const putResourcePolicy: Handler<'PutResourcePolicy'> = async (service, input) => {
  taggedResource(service.state, input.ResourceARN);
  checkPolicy(input.Policy, input.ResourceARN);
  await service.change({
    type: 'PutResourcePolicy',
    atMs: service.world.clock.now(),
    arn: input.ResourceARN,
    policy: input.Policy,
  });
  return {};
};

export const putResourcePolicyChange: Change<PutResourcePolicyCommand> = {
  type: 'PutResourcePolicy',
  apply(state, { arn, policy }) {
    taggedResource(state, arn);
    state.policies.set(arn, policy);
  },
};

/** The document must be JSON with statements that name a principal; texts are not recorded. */
function checkPolicy(text: string, arn: string): void {
  let document: { Statement?: unknown };
  try {
    document = JSON.parse(text) as typeof document;
  } catch {
    throw invalidArgument(`The resource policy for ${arn} is not valid JSON.`);
  }
  const statements = (Array.isArray(document?.Statement) ? document.Statement : [document?.Statement]) as (
    | { Effect?: unknown; Principal?: unknown; Action?: unknown }
    | undefined
  )[];
  for (const statement of statements) {
    if (
      typeof statement !== 'object' ||
      (statement.Effect !== 'Allow' && statement.Effect !== 'Deny') ||
      statement.Principal === undefined ||
      statement.Action === undefined
    ) {
      throw invalidArgument(`The resource policy for ${arn} has a statement without Effect, Principal or Action.`);
    }
  }
}
