import { deliveryStreamNotFound } from './errors.ts';
import type { RequestContext } from './service.ts';
import { deliveryStreamKey } from './state.ts';
import type { DeliveryStream, FirehoseState } from './state.ts';

/** The delivery stream of that name in the caller's account and region. Throws ResourceNotFoundException. */
export function findDeliveryStream(
  state: FirehoseState,
  name: string,
  { account, region }: Pick<RequestContext, 'account' | 'region'>,
): DeliveryStream {
  return deliveryStreamAt(state, deliveryStreamKey(account, region, name));
}

/** The delivery stream under a key inside a change: it may have gone since the operation looked. */
export function deliveryStreamAt(state: FirehoseState, key: string): DeliveryStream {
  const found = state.deliveryStreams.get(key);
  if (found !== undefined) return found;
  const [account = '', , name = ''] = key.split(':');
  throw deliveryStreamNotFound(name, account);
}

export function keyOf({ account, region, name }: DeliveryStream): string {
  return deliveryStreamKey(account, region, name);
}
