import type { ChildOptions, RunningChild } from './child.ts';
import { javaServer, startJava } from './java.ts';

/** From Maven Central; its version is in the POM. */
export const openSearch = javaServer('opensearch', 'OpenSearchNode', ['-Xmx512m', '-XX:TieredStopAtLevel=1']);

export interface RunningOpenSearch extends Pick<RunningChild, 'pause' | 'resume' | 'log' | 'stop'> {
  readonly endpoint: string;
  readonly port: number;
  /** A call of its API: `call('POST', '/logs/_search', {…})`. The body is JSON, or text as it stands. */
  call(method: string, path: string, body?: object | string): Promise<{ readonly status: number; readonly body: any }>;
  /** Every document of an index (or of those a pattern names), by id, as far as it is refreshed now. */
  documents(index: string): Promise<Map<string, Record<string, unknown>>>;
}

/** OpenSearch itself, one node, without its security plugin: it looks at no signature. */
export async function startOpenSearch(
  options: ChildOptions & { readonly port?: number } = {},
): Promise<RunningOpenSearch> {
  const running = await startJava(openSearch, (directory) => [directory, String(options.port ?? 0)], options);
  const { port, pause, resume, log, stop } = running;
  const endpoint = `http://127.0.0.1:${port}`;
  const call: RunningOpenSearch['call'] = async (method, path, body) => {
    const answer = await fetch(`${endpoint}${path}`, {
      method,
      headers: { 'content-type': typeof body === 'string' ? 'application/x-ndjson' : 'application/json' },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    const isJson = answer.headers.get('content-type')?.startsWith('application/json') === true;
    return { status: answer.status, body: isJson ? (JSON.parse(text) as unknown) : text };
  };
  return {
    endpoint,
    port,
    call,
    async documents(index) {
      await call('POST', `/${index}/_refresh`);
      const found = new Map<string, Record<string, unknown>>();
      // Pages follow the order of ids: 10,000 documents are the most that a page has.
      for (let after: string | undefined; ;) {
        const { status, body } = await call('POST', `/${index}/_search`, {
          size: 10_000,
          sort: [{ _id: 'asc' }],
          ...(after !== undefined && { search_after: [after] }),
        });
        if (status === 404) return found;
        if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
        const { hits } = (body as SearchAnswer).hits;
        for (const hit of hits) found.set(hit._id, hit._source);
        after = hits.at(-1)?._id;
        if (after === undefined) return found;
      }
    },
    pause,
    resume,
    log,
    stop,
  };
}

interface SearchAnswer {
  readonly hits: { readonly hits: readonly { readonly _id: string; readonly _source: Record<string, unknown> }[] };
}
