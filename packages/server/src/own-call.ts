import type { RequestContext } from '@millrace/data-streams';
import type { World } from '@millrace/world';

const never = new AbortController().signal;

/** The context of a call that the server makes of itself, for an account's resources. */
export function ownCall(
  { random }: Pick<World, 'random'>,
  { account, region }: Pick<RequestContext, 'account' | 'region'>,
): RequestContext {
  return { requestId: random.uuid(), account, region, principal: '', signal: never, onAnswered: (run) => run() };
}
