import type { Handler } from '../service.ts';
import { writeItem } from './write-item.ts';

export const putItem: Handler<'PutItem'> = (service, input, caller) =>
  writeItem(service, { operation: 'PutItem', input }, caller);
