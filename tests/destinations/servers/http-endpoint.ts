import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { isDeepStrictEqual } from 'node:util';
import { answerJson, decodedBody, startWebServer } from './web-server.ts';
import type { TlsIdentity, WebRequest } from './web-server.ts';

/** What an endpoint does with a request; it takes records where the name says so. */
export type EndpointAnswer =
  | 'take'
  /** Takes the records and ends the connection without an answer. */
  | 'take silently'
  /** Takes them and answers with the id of another request. */
  | 'take with a wrong id'
  /** Takes them and answers with half a JSON text. */
  | 'take with a torn answer'
  | 'hang'
  | 'reset'
  | { readonly status: number; readonly errorMessage?: string };

export interface EndpointOptions {
  /** What every request has to bring; without one none may bring any. */
  readonly accessKey?: string;
  /** What X-Amz-Firehose-Common-Attributes has to hold; without it there must be no such header. */
  readonly commonAttributes?: Readonly<Record<string, string>>;
  /** Whether the body has to be compressed. */
  readonly isGzip?: boolean;
  readonly tls?: TlsIdentity;
  /** Called for each request that breaks no rule; the first has number 0. */
  readonly answer?: (request: EndpointRequest, number: number) => EndpointAnswer;
}

export interface EndpointRequest {
  readonly requestId: string;
  readonly sourceArn: string;
  readonly timestampMs: number;
  readonly records: readonly Buffer[];
  /** With what stands behind it. */
  readonly path: string;
}

export interface RunningEndpoint {
  readonly endpoint: string;
  /** Requests that broke no rule, also those that were refused. */
  readonly requests: readonly EndpointRequest[];
  /** What was wrong with others; each was answered with 400. */
  readonly violations: readonly string[];
  /** The records that were taken, in the order in which they came; repeated where their request was. */
  readonly records: readonly Buffer[];
  stop(): Promise<void>;
}

const guid = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;
const streamArn = /^arn:aws[\w-]*:firehose:[\w-]+:\d{12}:deliverystream\/[\w.-]{1,64}$/;

/**
 * A strict HTTP endpoint, written from "Appendix - HTTP endpoint delivery request and response specifications" of Firehose's
 * guide: every header, the body, its encoding, and that a request that is tried again is the same.
 */
export async function startHttpEndpoint(options: EndpointOptions = {}): Promise<RunningEndpoint> {
  const requests: EndpointRequest[] = [];
  const records: Buffer[] = [];
  const violations: string[] = [];
  const bodies = new Map<string, string>();
  const { endpoint, stop } = await startWebServer(options.tls, (each) => {
    const wrong = headerFaults(each, options);
    const request = requestOf(each, wrong);
    const same = createHash('sha256')
      .update(JSON.stringify(request?.records ?? []))
      .digest('hex');
    if (request !== undefined && (bodies.get(request.requestId) ?? same) !== same)
      wrong.push(`other records under request id ${request.requestId}`);
    if (request === undefined || wrong.length > 0) {
      violations.push(...wrong);
      return answerJson(each.response, 400, { requestId: '', timestamp: Date.now(), errorMessage: wrong.join('; ') });
    }
    bodies.set(request.requestId, same);
    const answer = options.answer?.(request, requests.length) ?? 'take';
    requests.push(request);
    if (typeof answer === 'string' && answer.startsWith('take')) records.push(...request.records);
    respond(each, request.requestId, answer);
  });
  return { endpoint, requests, violations, records, stop };
}

function headerFaults({ request, bytes }: WebRequest, options: EndpointOptions): string[] {
  const { headers, method } = request;
  const wrong: string[] = [];
  const expect = (name: string, value: string | undefined): void => {
    const found = headers[name];
    if (found !== value) wrong.push(`${name} is ${String(found)} instead of ${String(value)}`);
  };
  if (method !== 'POST') wrong.push(`method ${method}`);
  expect('content-type', 'application/json');
  expect('content-length', String(bytes.length));
  expect('content-encoding', options.isGzip === true ? 'gzip' : undefined);
  expect('x-amz-firehose-protocol-version', '1.0');
  expect('x-amz-firehose-access-key', options.accessKey);
  if (!guid.test(String(headers['x-amz-firehose-request-id']))) wrong.push('x-amz-firehose-request-id is no GUID');
  if (!streamArn.test(String(headers['x-amz-firehose-source-arn'])))
    wrong.push(`x-amz-firehose-source-arn is ${String(headers['x-amz-firehose-source-arn'])}`);
  const common = headers['x-amz-firehose-common-attributes'];
  const attributes = options.commonAttributes;
  if (attributes === undefined) expect('x-amz-firehose-common-attributes', undefined);
  else if (!isDeepStrictEqual(jsonOf(String(common)), { commonAttributes: attributes }))
    wrong.push(`x-amz-firehose-common-attributes is ${String(common)}`);
  return wrong;
}

/** What a request says, with what is wrong in its body added to `wrong`. */
function requestOf(each: WebRequest, wrong: string[]): EndpointRequest | undefined {
  // "The maximum size of a request's body is 64 MiB", before it is compressed.
  const text = decodedBody(each);
  if (text === undefined) return refused('the body is not in its encoding');
  if (text.length > 64 << 20) return refused('the body is larger than 64 MiB');
  const body = jsonOf(text.toString('utf8'));
  if (typeof body !== 'object' || body === null) return refused('the body is no JSON object');
  const { requestId, timestamp, records, ...others } = body as Record<string, unknown>;
  if (Object.keys(others).length > 0) return refused(`the body has ${Object.keys(others).join(', ')}`);
  const { headers } = each.request;
  if (typeof requestId !== 'string' || requestId !== headers['x-amz-firehose-request-id'])
    return refused('requestId is not that of the header');
  if (typeof timestamp !== 'number' || !Number.isInteger(timestamp) || Math.abs(Date.now() - timestamp) > 86_400_000)
    return refused(`timestamp is ${String(timestamp)}`);
  if (!Array.isArray(records) || records.length === 0) return refused('there are no records');
  const data: Buffer[] = [];
  for (const record of records as unknown[]) {
    const keys = typeof record === 'object' && record !== null ? Object.entries(record) : [];
    const [name, value] = keys[0] ?? [];
    if (keys.length !== 1 || name !== 'data' || typeof value !== 'string')
      return refused('a record is not {"data": …}');
    const decoded = Buffer.from(value, 'base64');
    if (decoded.toString('base64') !== value) return refused('a record is no base64');
    data.push(decoded);
  }
  const sourceArn = String(headers['x-amz-firehose-source-arn']);
  return { requestId, sourceArn, timestampMs: timestamp, records: data, path: each.url.pathname + each.url.search };

  function refused(why: string): undefined {
    wrong.push(why);
  }
}

function respond({ request, response }: WebRequest, requestId: string, answer: EndpointAnswer): void {
  const timestamp = Date.now();
  if (answer === 'hang') return;
  if (answer === 'reset' || answer === 'take silently') request.socket.destroy();
  else if (answer === 'take') answerJson(response, 200, { requestId, timestamp });
  else if (answer === 'take with a wrong id') answerJson(response, 200, { requestId: 'another', timestamp });
  else if (answer === 'take with a torn answer') tear(response, requestId);
  else
    answerJson(response, answer.status, { requestId, timestamp, errorMessage: answer.errorMessage ?? 'told to fail' });
}

function tear(response: ServerResponse, requestId: string): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(`{"requestId": "${requestId}", "timesta`);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
