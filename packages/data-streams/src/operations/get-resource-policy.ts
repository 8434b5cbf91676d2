import type { Handler } from '../handler.ts';
import { taggedResource } from '../tagged-resource.ts';

/** The policy attached to a stream or consumer; without one the answer is empty (recorded). */
export const getResourcePolicy: Handler<'GetResourcePolicy'> = (service, input) => {
  taggedResource(service.state, input.ResourceARN);
  const policy = service.state.policies.get(input.ResourceARN);
  return policy === undefined ? {} : { Policy: policy };
};
