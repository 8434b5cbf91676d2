import { typeOf } from '../source.ts';
import type { Handler } from '../handler.ts';

const defaultLimit = 10;

/** Names in alphabetical order, ten where no limit is given. */
export const listDeliveryStreams: Handler<'ListDeliveryStreams'> = (service, input, { account, region }) => {
  const { ExclusiveStartDeliveryStreamName: after = '', Limit: limit = defaultLimit, DeliveryStreamType: type } = input;
  const names = [...service.state.deliveryStreams.values()]
    .filter((stream) => stream.account === account && stream.region === region && stream.name > after)
    .filter((stream) => type === undefined || type === typeOf(stream))
    .map(({ name }) => name)
    .toSorted();
  return { DeliveryStreamNames: names.slice(0, limit), HasMoreDeliveryStreams: names.length > limit };
};
