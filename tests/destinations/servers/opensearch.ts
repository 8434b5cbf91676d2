import type { ChildOptions, RunningChild } from './child.ts';
import { javaServer, startJava } from './java.ts';
import type { JavaServer } from './java.ts';

/** From Maven Central; the versions are in the POMs. */
const javaOptions = ['-Xmx512m', '-XX:TieredStopAtLevel=1'];
export const openSearch = javaServer('opensearch', 'OpenSearchNode', javaOptions);
export const elasticsearch = javaServer('elasticsearch', 'ElasticsearchNode', javaOptions);

export interface RunningOpenSearch extends Pick<RunningChild, 'pause' | 'resume' | 'log' | 'stop'> {
  readonly endpoint: string;
  readonly port: number;
  /** A call of its API: `call('POST', '/logs/_search', {…})`. The body is JSON, or text as it stands. */
  call(method: string, path: string, body?: object | string): Promise<{ readonly status: number; readonly body: any }>;
  /** Every document of an index (or of those a pattern names), by id, as far as it is refreshed now. */
  documents(index: string): Promise<Map<string, Record<string, unknown>>>;
}

type ClusterOptions = ChildOptions & { readonly port?: number };

/** OpenSearch itself, one node, without its security plugin: it looks at no signature. */
export function startOpenSearch(options: ClusterOptions = {}): Promise<RunningOpenSearch> {
  return startCluster(openSearch, options);
}

/** Elasticsearch 7.10 itself, whose API for documents is OpenSearch's, with types. */
export function startElasticsearch(options: ClusterOptions = {}): Promise<RunningOpenSearch> {
  return startCluster(elasticsearch, options);
}

async function startCluster(server: JavaServer, options: ClusterOptions): Promise<RunningOpenSearch> {
  const running = await startJava(server, (directory) => [directory, String(options.port ?? 0)], options);
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
          // An index that was made this moment has no mapping of anything yet.
          sort: [{ _id: { order: 'asc', unmapped_type: 'keyword' } }],
          ...(after !== undefined && { search_after: [after] }),
        });
        // None yet where the index is not made, or its shards are not there.
        if (status === 404 || status === 503) return new Map();
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
