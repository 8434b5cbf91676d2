import { createHash } from 'node:crypto';
import { pause } from '@millrace/world';
import type { Delivery } from '../../delivery/delivery.ts';
import { DeliveryError } from '../../delivery/delivery-error.ts';
import type { HttpAnswer, HttpRequest } from '../../http-sender.ts';
import type { SplunkDestination } from './settings.ts';

/*
 * Splunk's HTTP event collector, as its documentation has it ("Format events for HTTP Event Collector", "About HTTP Event
 * Collector Indexer Acknowledgment", "Troubleshoot HTTP Event Collector").
 *
 *   POST URL/services/collector/raw | …/event     Authorization: Splunk TOKEN, X-Splunk-Request-Channel: GUID
 *   answer = {"text": words, "code": number, "ackId"?: number}                   code 0 with status 200: taken, not indexed yet
 *   POST URL/services/collector/ack?channel=GUID  {"acks": [ackId]}
 *   answer = {"acks": {"ackId": whether it is indexed}}                          once true, it is forgotten there
 */

const timeoutMs = 180_000;
const maxAnswerBytes = 64 << 10;
/** How often acknowledgement is asked for: Splunk's advice is every ten seconds, and a test of it every second. */
const firstAskMs = 250;
const longestAskMs = 10_000;

/** AWS's codes, by Splunk's. What is wrong with the records stays wrong. */
const codes: Readonly<Record<number, readonly [code: string, isFinal: boolean]>> = {
  1: ['Splunk.DisabledToken', false],
  2: ['Splunk.InvalidToken', false],
  3: ['Splunk.InvalidToken', false],
  4: ['Splunk.InvalidToken', false],
  5: ['Splunk.InvalidDataFormat', true],
  6: ['Splunk.InvalidDataFormat', true],
  7: ['Splunk.InvalidIndex', false],
  9: ['Splunk.IndexerBusy', false],
  12: ['Splunk.InvalidDataFormat', true],
  13: ['Splunk.InvalidDataFormat', true],
  14: ['Splunk.DisabledAck', false],
  15: ['Splunk.InvalidDataFormat', true],
};

/** Sends a body and waits until it is indexed. Rejects with DeliveryError. */
export async function sendToCollector(delivery: Delivery, { splunk }: SplunkDestination, body: Buffer): Promise<void> {
  const kind = splunk.HECEndpointType === 'Raw' ? 'raw' : 'event';
  const channel = channelOf(delivery.stream.arn);
  const answer = await post(delivery, {
    url: `${baseOf(splunk.HECEndpoint)}/services/collector/${kind}`,
    headers: headersOf(splunk.HECToken, channel),
    body,
  });
  const { ackId } = checkedAnswer(answer);
  if (typeof ackId !== 'number')
    throw new DeliveryError('Splunk.DisabledAck', 'Indexer acknowledgement is disabled for the token.');
  // Who balances loads keeps a client at its server by a cookie; another server does not know the channel.
  const cookie = (answer.cookies ?? []).map((one) => one.split(';')[0]).join('; ');
  await untilIndexed(delivery, splunk, { channel, ackId, cookie });
}

async function untilIndexed(
  delivery: Delivery,
  splunk: SplunkDestination['splunk'],
  { channel, ackId, cookie }: { readonly channel: string; readonly ackId: number; readonly cookie: string },
): Promise<void> {
  const { clock } = delivery.service.world;
  const deadlineMs = clock.monotonicMs() + splunk.HECAcknowledgmentTimeoutInSeconds * 1000;
  const request = {
    url: `${baseOf(splunk.HECEndpoint)}/services/collector/ack?channel=${channel}`,
    headers: { ...headersOf(splunk.HECToken, channel), ...(cookie !== '' && { cookie }) },
    body: Buffer.from(JSON.stringify({ acks: [ackId] })),
  };
  for (let askMs = firstAskMs; ; askMs = Math.min(2 * askMs, longestAskMs)) {
    if (isAcknowledged(await asked(delivery, request), ackId)) return;
    if (delivery.signal.aborted || clock.monotonicMs() + askMs > deadlineMs)
      throw new DeliveryError('Splunk.AckTimeout', `Splunk did not acknowledge in time: ${ackId} of ${channel}.`);
    await pause(clock, askMs, [delivery.signal]);
  }
}

/** A question that went wrong is asked again: the records are there, perhaps. */
async function asked(delivery: Delivery, request: Omitted): Promise<HttpAnswer | undefined> {
  try {
    return await post(delivery, request);
  } catch {
    return undefined;
  }
}

function isAcknowledged(answer: HttpAnswer | undefined, ackId: number): boolean {
  if (answer?.status !== 200) return false;
  const told: { readonly acks?: Readonly<Record<string, unknown>> } | undefined = parsed(answer.body);
  return told?.acks?.[ackId] === true;
}

type Omitted = Pick<HttpRequest, 'url' | 'headers'> & { readonly body: Buffer };

function post({ service, signal }: Delivery, request: Omitted): Promise<HttpAnswer> {
  return service.http.send({ ...request, method: 'POST', timeoutMs, maxAnswerBytes, signal });
}

function headersOf(token: string, channel: string): Record<string, string> {
  return { authorization: `Splunk ${token}`, 'x-splunk-request-channel': channel, 'content-type': 'application/json' };
}

interface Told {
  readonly text?: unknown;
  readonly code?: unknown;
  readonly ackId?: unknown;
}

function checkedAnswer({ status, body }: HttpAnswer): Told {
  const told: Told = parsed(body) ?? {};
  if (status === 200 && told.code === 0) return told;
  const words = `HTTP status ${status}. ${body.slice(0, 1024)}`;
  if (status === 404) throw new DeliveryError('Splunk.URLNotFound', words);
  if (status === 413) throw new DeliveryError('Splunk.ServerError.ContentTooLarge', words, { isFinal: true });
  const [code, isFinal] = codes[Number(told.code)] ?? ['Splunk.ServerError', false];
  throw new DeliveryError(code, words, { isFinal });
}

function parsed(body: string): object | undefined {
  try {
    const value = JSON.parse(body) as unknown;
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function baseOf(endpoint: string): string {
  return endpoint.replace(/\/+$/, '').replace(/\/services\/collector(\/(raw|event))?$/, '');
}

/** A delivery stream's own: Splunk keeps what it knows of each, so there are not to be many. */
function channelOf(arn: string): string {
  const hex = createHash('sha256').update(arn).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
