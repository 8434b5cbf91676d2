import type { Handler } from '../service.ts';
import { writeItem } from './write-item.ts';

export const deleteItem: Handler<'DeleteItem'> = (service, input, caller) =>
  writeItem(service, { operation: 'DeleteItem', input }, caller);
