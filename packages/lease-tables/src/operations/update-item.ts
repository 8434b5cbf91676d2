import type { Handler } from '../service.ts';
import { writeItem } from './write-item.ts';

export const updateItem: Handler<'UpdateItem'> = (service, input, caller) =>
  writeItem(service, { operation: 'UpdateItem', input }, caller);
