import { DeliveryError } from '../../delivery/delivery-error.ts';
import type { NotTaken } from '../../delivery/record-delivery.ts';
import type { HttpAnswer } from '../../http-sender.ts';
import type { ProcessedRecord } from '../../processing/processing.ts';
import { documentLine } from './documents.ts';
import type { DocumentPlace } from './documents.ts';

/**
 * Records by the _bulk API of Elasticsearch and OpenSearch.
 *
 *   body   = (action document)+                 lines of JSON, each with "\n" behind it
 *   action = {"index": {"_index", "_id"?, "_type"?}}
 *   answer = {"errors": boolean, "items": [{"index": {"status": number, "error"?: {…}}}, …]}     in the order of the body
 *
 * "index" puts a document in the place of one with its id: sent again, it is there once.
 */
export interface BulkSending {
  placeOf(record: ProcessedRecord): DocumentPlace;
  /** Rejects where no answer came. */
  post(body: Buffer): Promise<HttpAnswer>;
  /** The code of records that no answer came for, or none that could be read. */
  readonly unreachable: string;
}

/** A cluster's http.max_content_length is 100 MB, of small domains 10 MiB. */
const bulkBytes = 10 << 20;
/** So that an answer with an error for each is still read whole. */
const bulkDocuments = 5000;
const toldChars = 8192;

interface Item {
  readonly place: number;
  readonly action: Buffer;
  readonly line: Buffer;
}

/** Sends the records once, in as many bulks as it takes; answers those that were not taken. */
export async function sendBulks(records: readonly ProcessedRecord[], by: BulkSending): Promise<readonly NotTaken[]> {
  const sending = new Sending(by);
  let items: Item[] = [];
  let bytes = 0;
  for (const [place, record] of records.entries()) {
    const line = documentLine(record.data);
    if (line === undefined) {
      sending.notTaken.push({ place, reason: noObject });
      continue;
    }
    const action = actionLine(by.placeOf(record));
    const length = action.length + line.length + 1;
    if (items.length === bulkDocuments || (items.length > 0 && bytes + length > bulkBytes)) {
      await sending.send(items);
      items = [];
      bytes = 0;
    }
    items.push({ place, action, line });
    bytes += length;
  }
  if (items.length > 0) await sending.send(items);
  return sending.notTaken;
}

const noObject = new DeliveryError('400', 'The record is not one JSON object.', { isFinal: true });
const newline = Buffer.from('\n');

function actionLine({ index, id, type }: DocumentPlace): Buffer {
  const place = { _index: index, ...(type !== undefined && { _type: type }), ...(id !== undefined && { _id: id }) };
  return Buffer.from(`${JSON.stringify({ index: place })}\n`);
}

class Sending {
  readonly notTaken: NotTaken[] = [];
  readonly #by: BulkSending;
  /** Why a bulk as a whole was not taken: the others are not sent in this try. */
  #failure: DeliveryError | undefined;

  constructor(by: BulkSending) {
    this.#by = by;
  }

  async send(items: readonly Item[]): Promise<void> {
    if (this.#failure !== undefined) {
      this.#refuse(items, this.#failure);
      return;
    }
    const answer = await this.#post(items);
    if (answer instanceof DeliveryError) {
      this.#failure = answer;
      this.#refuse(items, answer);
    } else if (answer === 'too large') await this.#sendSmaller(items);
    else
      for (const [place, item] of items.entries()) {
        const reason = answer[place];
        if (reason !== undefined) this.notTaken.push({ place: item.place, reason });
      }
  }

  /** For each document undefined where it was taken, or why not; or why none was. */
  async #post(items: readonly Item[]): Promise<readonly (DeliveryError | undefined)[] | DeliveryError | 'too large'> {
    const body = Buffer.concat(items.flatMap(({ action, line }) => [action, line, newline]));
    let answer: HttpAnswer;
    try {
      answer = await this.#by.post(body);
    } catch (error) {
      return new DeliveryError(this.#by.unreachable, (error as Error).message, { cause: error });
    }
    if (answer.status === 413) return 'too large';
    if (answer.status !== 200) return new DeliveryError(String(answer.status), answer.body.slice(0, toldChars));
    return (
      outcomesOf(answer.body, items.length) ??
      new DeliveryError(this.#by.unreachable, `No answer to a bulk: ${answer.body.slice(0, toldChars)}`)
    );
  }

  async #sendSmaller(items: readonly Item[]): Promise<void> {
    if (items.length === 1) {
      this.#refuse(
        items,
        new DeliveryError('413', 'The document is larger than the cluster takes.', { isFinal: true }),
      );
      return;
    }
    const half = items.length >> 1;
    await this.send(items.slice(0, half));
    await this.send(items.slice(half));
  }

  #refuse(items: readonly Item[], reason: DeliveryError): void {
    for (const { place } of items) this.notTaken.push({ place, reason });
  }
}

interface Outcome {
  readonly status?: unknown;
  readonly error?: unknown;
}

/** Undefined for what is no answer to so many documents. */
function outcomesOf(body: string, count: number): (DeliveryError | undefined)[] | undefined {
  let answer: { readonly items?: unknown } | null;
  try {
    answer = JSON.parse(body) as typeof answer;
  } catch {
    return undefined;
  }
  const items = answer?.items;
  if (!Array.isArray(items) || items.length !== count) return undefined;
  const outcomes: (DeliveryError | undefined)[] = [];
  for (const item of items as (Readonly<Record<string, Outcome>> | null)[]) {
    const { status, error } = Object.values(item ?? {})[0] ?? {};
    if (typeof status !== 'number') return undefined;
    outcomes.push(status >= 200 && status < 300 ? undefined : refusal(status, error));
  }
  return outcomes;
}

/** What the sender may mend, the cluster too: rights, an index that is missing, load. The rest is the document's own fault. */
const mendable = new Set([401, 403, 404, 408, 429]);

function refusal(status: number, error: unknown): DeliveryError {
  const message = typeof error === 'string' ? error : JSON.stringify(error ?? null);
  const isFinal = status >= 400 && status < 500 && !mendable.has(status);
  return new DeliveryError(String(status), message.slice(0, toldChars), { isFinal });
}
