import { randomUUID } from 'node:crypto';
import { jsonObjects } from './json-rows.ts';
import { answerJson, decodedBody, startWebServer } from './web-server.ts';
import type { TlsIdentity, WebRequest } from './web-server.ts';

/**
 * A strict HTTP Event Collector, written from Splunk's "Set up and use HTTP Event Collector", its "Possible error codes" and
 * "About HTTP Event Collector Indexer Acknowledgment": the endpoints raw, event, ack and health, with plain and /1.0 names.
 */
export interface RunningSplunk {
  readonly endpoint: string;
  readonly token: string;
  /** What came and was taken, in order. */
  readonly requests: readonly SplunkRequest[];
  /** What is indexed: the lines of raw requests, the `event` of others as text. */
  events(): string[];
  /** Changed while it runs. */
  readonly faults: SplunkFaults;
  /** How often it was asked for acknowledgements. */
  polls(): number;
  /** How many requests it answered with each code, by code; 0 is success. */
  codes(): ReadonlyMap<number, number>;
  stop(): Promise<void>;
}

export interface SplunkRequest {
  readonly kind: 'raw' | 'event';
  readonly channel: string | undefined;
  readonly body: string;
  /** Metadata of raw requests: host, source, sourcetype, index. */
  readonly query: Readonly<Record<string, string>>;
  readonly ackId: number | undefined;
}

export interface SplunkFaults {
  /** 503 and code 9, for ever or so many times. */
  busy: boolean | number;
  /** The token is no longer one (code 4). */
  isTokenRefused: boolean;
  /** How long after a request its acknowledgement says true; Infinity is never. */
  acknowledgeAfterMs: number;
  /** Says that it took what came, and forgets it: nothing of it is indexed or acknowledged. */
  losesRequests: boolean;
  /** Says nothing to what comes. */
  hangs: boolean;
  /** Takes what comes, and ends the connection without an answer: so many times. */
  silentSuccesses: number;
}

export interface SplunkOptions {
  /** Indexer acknowledgement of the token; it is on where it is not said, as Firehose needs it. */
  readonly hasAcknowledgement?: boolean;
  readonly tls?: TlsIdentity;
}

const texts = new Map<number, readonly [status: number, text: string]>([
  [0, [200, 'Success']],
  [2, [401, 'Token is required']],
  [3, [401, 'Invalid authorization']],
  [4, [403, 'Invalid token']],
  [5, [400, 'No data']],
  [6, [400, 'Invalid data format']],
  [9, [503, 'Server is busy']],
  [10, [400, 'Data channel is missing']],
  [11, [400, 'Invalid data channel']],
  [12, [400, 'Event field is required']],
  [13, [400, 'Event field cannot be blank']],
  [14, [400, 'ACK is disabled']],
  [17, [200, 'HEC is healthy']],
]);

const guid = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

export async function startSplunk({ hasAcknowledgement = true, tls }: SplunkOptions = {}): Promise<RunningSplunk> {
  const collector = new Collector(hasAcknowledgement);
  const { endpoint, stop } = await startWebServer(tls, (each) => collector.hear(each));
  return {
    endpoint,
    token: collector.token,
    requests: collector.requests,
    events: () => collector.requests.flatMap(eventsOf),
    faults: collector.faults,
    polls: () => collector.polls,
    codes: () => collector.codes,
    stop,
  };
}

class Collector {
  readonly token: string = randomUUID();
  readonly requests: SplunkRequest[] = [];
  readonly codes: Map<number, number> = new Map();
  polls = 0;
  readonly faults: SplunkFaults = {
    busy: false,
    isTokenRefused: false,
    acknowledgeAfterMs: 0,
    losesRequests: false,
    hangs: false,
    silentSuccesses: 0,
  };
  /** By channel: when each of its acknowledgements becomes true. One that was told is forgotten. */
  readonly #channels = new Map<string, (number | undefined)[]>();
  readonly #hasAcknowledgement: boolean;

  constructor(hasAcknowledgement: boolean) {
    this.#hasAcknowledgement = hasAcknowledgement;
  }

  hear(each: WebRequest): void {
    if (this.faults.hangs) return;
    const { request, response, url } = each;
    const name = /^\/services\/collector(?:\/(raw|event|ack|health))?(?:\/1\.0)?$/.exec(url.pathname);
    if (name === null) {
      answerJson(response, 404, { text: 'The requested URL was not found on this server.', code: 404 });
      return;
    }
    const kind = name[1] ?? 'event';
    if (request.method !== (kind === 'health' ? 'GET' : 'POST')) {
      answerJson(response, 405, { text: 'The requested URL does not support this method.', code: 405 });
      return;
    }
    if (kind === 'health') return this.#answer(each, 17);
    const refusal = this.#refusal(request.headers.authorization);
    if (refusal !== undefined) return this.#answer(each, refusal);
    const channel = [request.headers['x-splunk-request-channel']].flat()[0] ?? url.searchParams.get('channel');
    if (kind === 'ack') this.#acknowledge(each, channel);
    else this.#take(each, kind as 'raw' | 'event', channel ?? undefined);
  }

  #refusal(authorization: string | undefined): number | undefined {
    if (authorization === undefined || authorization === '') return 2;
    const token = /^Splunk (\S+)$/.exec(authorization)?.[1];
    if (token === undefined) return 3;
    return token === this.token && !this.faults.isTokenRefused ? undefined : 4;
  }

  #take(each: WebRequest, kind: 'raw' | 'event', channel: string | undefined): void {
    const { busy } = this.faults;
    if (busy === true || (typeof busy === 'number' && busy > 0)) {
      if (typeof busy === 'number') this.faults.busy = busy - 1;
      return this.#answer(each, 9);
    }
    // "Raw events must have a channel", and all must where acknowledgement is on.
    if (channel === undefined && (kind === 'raw' || this.#hasAcknowledgement)) return this.#answer(each, 10);
    if (channel !== undefined && !guid.test(channel)) return this.#answer(each, 11);
    const body = decodedBody(each)?.toString('utf8');
    if (body === undefined) return this.#answer(each, 6);
    if (body.trim() === '') return this.#answer(each, 5);
    if (kind === 'event') {
      const fault = eventFault(body);
      if (fault !== undefined) return this.#answer(each, fault.code, { 'invalid-event-number': fault.number });
    }
    const { losesRequests, acknowledgeAfterMs } = this.faults;
    let ackId: number | undefined;
    if (this.#hasAcknowledgement) {
      const channels = this.#channels;
      if (!channels.has(channel!)) channels.set(channel!, []);
      const dueAt = losesRequests ? Number.POSITIVE_INFINITY : performance.now() + acknowledgeAfterMs;
      ackId = channels.get(channel!)!.push(dueAt) - 1;
    }
    const query = Object.fromEntries(each.url.searchParams);
    if (!losesRequests) this.requests.push({ kind, channel, body, query, ackId });
    if (this.faults.silentSuccesses > 0) {
      this.faults.silentSuccesses -= 1;
      each.request.socket.destroy();
    } else this.#answer(each, 0, ackId === undefined ? {} : { ackId });
  }

  /** "Once the status of an ack has been told as true it is deleted": asked again it is false. */
  #acknowledge(each: WebRequest, channel: string | null): void {
    this.polls += 1;
    if (!this.#hasAcknowledgement) return this.#answer(each, 14);
    if (channel === null) return this.#answer(each, 10);
    if (!guid.test(channel)) return this.#answer(each, 11);
    let ids: unknown;
    try {
      ids = (JSON.parse(decodedBody(each)!.toString('utf8')) as { acks: unknown }).acks;
    } catch {
      return this.#answer(each, 6);
    }
    if (!Array.isArray(ids) || !ids.every((id) => Number.isInteger(id))) return this.#answer(each, 6);
    const due = this.#channels.get(channel) ?? [];
    const acks = ids.map((id: number) => {
      const isDue = (due[id] ?? Number.POSITIVE_INFINITY) <= performance.now();
      if (isDue) due[id] = undefined;
      return [String(id), isDue];
    });
    answerJson(each.response, 200, { acks: Object.fromEntries(acks) as object });
  }

  #answer({ response }: WebRequest, code: number, more: object = {}): void {
    this.codes.set(code, (this.codes.get(code) ?? 0) + 1);
    const [status, text] = texts.get(code)!;
    answerJson(response, status, { text, code, ...more });
  }
}

/** What is wrong with the first wrong event of a body. */
function eventFault(body: string): { readonly code: number; readonly number: number } | undefined {
  let number = 0;
  try {
    for (const row of jsonObjects(body)) {
      if (!Object.hasOwn(row, 'event')) return { code: 12, number };
      if (row['event'] === '' || row['event'] === null) return { code: 13, number };
      number += 1;
    }
  } catch {
    return { code: 6, number };
  }
  return undefined;
}

function eventsOf({ kind, body }: SplunkRequest): string[] {
  if (kind === 'raw') return body.split('\n').filter((line) => line !== '');
  return [...jsonObjects(body)].map(({ event }) => (typeof event === 'string' ? event : JSON.stringify(event)));
}
