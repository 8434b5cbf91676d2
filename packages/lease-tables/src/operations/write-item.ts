import { findTable } from '../service.ts';
import type { Caller, LeaseTables } from '../service.ts';
import { tableKey } from '../state.ts';
import type { Item, SentItem } from '../value.ts';
import { planWrite, sentAttributes } from '../write.ts';
import type { WriteRequest } from '../write.ts';

/** PutItem, UpdateItem and DeleteItem: decided against the table as it is, and again when its turn in the log has come. */
export async function writeItem(
  service: LeaseTables,
  request: WriteRequest,
  caller: Caller,
): Promise<{ Attributes?: SentItem }> {
  const table = findTable(service, request.input.TableName, caller);
  // What is refused now is refused without a line in the log.
  planWrite(table, request);
  const attributes = await service.change<Item | undefined>({
    type: 'Write',
    table: tableKey(caller.account, caller.region, table.name),
    request: inJson(request),
  });
  return sentAttributes(attributes);
}

/** Bytes as base64, as they came. */
function inJson(request: WriteRequest): WriteRequest {
  const text = JSON.stringify(request, (_name, value: unknown) => {
    const { type, data } = (value ?? {}) as { type?: string; data?: number[] };
    return type === 'Buffer' && Array.isArray(data) ? Buffer.from(data).toString('base64') : value;
  });
  return JSON.parse(text) as WriteRequest;
}
