import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

/*
 * What a CloudWatch Logs subscription writes to a stream: gzip of
 *
 *   {"messageType":"DATA_MESSAGE", "owner", "logGroup", "logStream", "subscriptionFilters": […],
 *    "logEvents": [{"id", "timestamp", "message"}, …]}
 *
 * and, to see whether the stream can be reached, "messageType":"CONTROL_MESSAGE".
 */

const inflate = promisify(gunzip);
/** CloudWatch Logs sends 1 MiB at most, compressed; what is more than this is no log. */
const mostBytes = 64 << 20;

/** The messages of a record in order: none of a control message, undefined where the record is nothing of CloudWatch Logs. */
export async function readSubscriptionRecord(data: Uint8Array): Promise<readonly string[] | undefined> {
  try {
    const json: unknown = JSON.parse((await inflate(data, { maxOutputLength: mostBytes })).toString());
    const { messageType, logEvents } = json as { messageType?: unknown; logEvents?: unknown };
    if (messageType === 'CONTROL_MESSAGE') return [];
    if (messageType !== 'DATA_MESSAGE' || !Array.isArray(logEvents)) return undefined;
    const messages = logEvents.map((event: unknown) => (event as { message?: unknown } | null)?.message);
    return messages.every((message) => typeof message === 'string') ? messages : undefined;
  } catch {
    return undefined;
  }
}
