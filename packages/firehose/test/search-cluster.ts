import assert from 'node:assert/strict';
import type { HttpAnswer, HttpRequest } from '@millrace/firehose';

/** One document of a bulk, as it was sent. */
export interface Sent {
  readonly index: string;
  readonly id: string | undefined;
  readonly type: string | undefined;
  readonly source: Record<string, unknown>;
}

/** What becomes of a document: taken, or refused with a status and a type of error. */
export type Fate = 'taken' | { readonly status: number; readonly type: string };

/**
 * What takes bulks by the published protocol of _bulk, and nothing else: every request that is not to the letter fails the test
 * by `wrong`, not by an answer that would only be tried again.
 */
export class SearchCluster {
  /** Every bulk that came, taken or not. */
  readonly bulks: Sent[][] = [];
  readonly requests: Pick<HttpRequest, 'method' | 'url' | 'headers'>[] = [];
  /** By index and id. */
  readonly documents = new Map<string, { readonly source: Record<string, unknown>; readonly version: number }>();
  readonly wrong: unknown[] = [];
  maxBytes = 100 << 20;
  fate: (sent: Sent) => Fate = () => 'taken';
  #nextId = 0;

  /** The documents of an index. */
  sources(index: string): Record<string, unknown>[] {
    return [...this.documents].filter(([key]) => key.startsWith(`${index}/`)).map(([, { source }]) => source);
  }

  take({ method, url, headers, body }: Pick<HttpRequest, 'method' | 'url' | 'headers' | 'body'>): HttpAnswer {
    this.requests.push({ method, url, headers });
    if (body!.length > this.maxBytes) return { status: 413, body: 'Content Too Large' };
    let sent: Sent[];
    try {
      assert.equal(method, 'POST');
      assert.equal(new URL(url).pathname.endsWith('/_bulk'), true);
      assert.equal(new URL(url).username + new URL(url).password, '');
      assert.equal(headers['content-type'], 'application/x-ndjson');
      sent = parsedBulk(String(body));
    } catch (error) {
      this.wrong.push(error);
      throw error;
    }
    this.bulks.push(sent);
    const items = sent.map((one) => ({ index: this.#indexed(one) }));
    const errors = items.some(({ index }) => 'error' in index);
    return { status: 200, body: JSON.stringify({ took: 1, errors, items }) };
  }

  #indexed(sent: Sent): object {
    const { index: _index, id, source } = sent;
    const _id = id ?? `made-${(this.#nextId += 1)}`;
    const fate = this.fate(sent);
    if (fate !== 'taken') {
      const { status, type } = fate;
      return { _index, _id, status, error: { type, reason: `no ${type}` } };
    }
    const before = this.documents.get(`${_index}/${_id}`);
    this.documents.set(`${_index}/${_id}`, { source, version: (before?.version ?? 0) + 1 });
    return { _index, _id, _version: 1, result: before ? 'updated' : 'created', status: before ? 200 : 201 };
  }
}

function parsedBulk(body: string): Sent[] {
  const lines = body.split('\n');
  assert.equal(lines.pop(), '', 'the last line ends too');
  assert.equal(lines.length % 2, 0, 'an action, a document');
  const sent: Sent[] = [];
  for (let at = 0; at < lines.length; at += 2) {
    const action = JSON.parse(lines[at]!) as Record<string, Record<string, string>>;
    assert.deepEqual(Object.keys(action), ['index']);
    const { _index: index, _id: id, _type: type, ...others } = action['index']!;
    assert.deepEqual(others, {});
    assert.equal(typeof index, 'string');
    assert.ok(id === undefined || (id.length > 0 && Buffer.byteLength(id) <= 512));
    const source = JSON.parse(lines[at + 1]!) as Record<string, unknown>;
    assert.ok(typeof source === 'object' && source !== null && !Array.isArray(source));
    sent.push({ index: index!, id, type, source });
  }
  return sent;
}
