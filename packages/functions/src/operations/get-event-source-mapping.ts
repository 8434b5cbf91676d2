import type { Handler } from '../handler.ts';
import { describedMapping, findMapping } from '../mappings/described-mapping.ts';

export const getEventSourceMapping: Handler<'GetEventSourceMapping'> = (service, input, context) =>
  describedMapping(findMapping(service.state, input.UUID, context));
