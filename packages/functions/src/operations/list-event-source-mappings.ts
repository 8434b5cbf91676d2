import { invalidParameter } from '../errors.ts';
import type { Handler } from '../handler.ts';
import { describedMapping } from '../mappings/described-mapping.ts';
import { readName } from '../names.ts';

const mostAPage = 100;

/** Of an account in a region, by source or function or all of them; in order of their UUIDs. */
export const listEventSourceMappings: Handler<'ListEventSourceMappings'> = (service, input, context) => {
  const { account, region } = context;
  const key = input.FunctionName === undefined ? undefined : readName(input.FunctionName, context).key;
  const after = input.Marker ?? '';
  if (!/^[0-9a-f-]*$/.test(after)) throw invalidParameter('Invalid Marker');
  const found = [...service.state.mappings.values()]
    .filter((one) => one.account === account && one.region === region)
    .filter((one) => input.EventSourceArn === undefined || one.sourceArn === input.EventSourceArn)
    .filter((one) => key === undefined || one.functionKey === key)
    .filter(({ uuid }) => uuid > after)
    .sort((one, other) => (one.uuid < other.uuid ? -1 : 1));
  const page = found.slice(0, Math.min(input.MaxItems ?? mostAPage, mostAPage));
  return {
    EventSourceMappings: page.map(describedMapping),
    ...(page.length < found.length && { NextMarker: page.at(-1)!.uuid }),
  };
};
