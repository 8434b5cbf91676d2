/**
 * A catalog in memory that checks what the protocol says a commit requires, with a way to fail it: the interleavings that the
 * real one, in tests/destinations, cannot be brought to.
 */
import type { CatalogAnswer, CatalogRequest, CatalogSender, TableFiles } from '../src/index.ts';
import { parseJson, toJson } from '../src/json.ts';

type Json = Record<string, unknown>;

/**
 * What becomes of a commit: answered, or made with its answer lost, not made with its answer lost, made later with its answer
 * lost, answered 500 and made, answered 503 and not made.
 */
export type Fate = 'answered' | 'made' | 'lost' | 'later' | 'broken' | 'busy';

export interface MemoryCatalog {
  readonly sender: CatalogSender;
  /** Called before every request. */
  before: () => void;
  /** Asked for every commit. */
  fateOf: () => Fate;
  /** Makes the commits that are still under way, in their order; those whose requirements no longer hold come to nothing. */
  arrive(): void;
  readonly requests: CatalogRequest[];
  metadata(table: string): Json;
}

export function memoryCatalog(formatVersion = 2, overrides: Json = {}): MemoryCatalog {
  const tables = new Map<string, Json>();
  const namespaces = new Set<string>();
  let underWay: (() => CatalogAnswer)[] = [];
  const requests: CatalogRequest[] = [];
  const answer = (status: number, body: unknown): CatalogAnswer => ({ status, body: toJson(body) });
  const error = (status: number, message: string): CatalogAnswer =>
    answer(status, { error: { message, code: status } });
  const commit = (name: string, body: Json): CatalogAnswer => {
    const metadata = tables.get(name);
    if (metadata === undefined) return error(404, `Table does not exist: ${name}`);
    for (const requirement of body['requirements'] as Json[])
      if (!holds(metadata, requirement)) return error(409, `Requirement failed: ${String(requirement['type'])}`);
    for (const update of body['updates'] as Json[]) apply(metadata, update);
    return answer(200, { metadata });
  };
  const catalog: MemoryCatalog = {
    before: () => undefined,
    fateOf: () => 'answered',
    arrive() {
      for (const make of underWay) make();
      underWay = [];
    },
    requests,
    metadata: (name) => tables.get(name)!,
    sender: {
      async send(request) {
        requests.push(request);
        await Promise.resolve();
        catalog.before();
        const path = new URL(request.url).pathname.replace(/^.*?\/v1(\/p)?/, '');
        const body = request.body === undefined ? {} : (parseJson(request.body.toString()) as Json);
        if (path === '/config') return answer(200, { defaults: {}, overrides });
        if (path === '/namespaces') {
          namespaces.add((body['namespace'] as string[]).join('%1F'));
          return answer(200, body);
        }
        const [, namespace = '', table] = /^\/namespaces\/([^/]+)\/tables(?:\/(.+))?$/.exec(path) ?? [];
        if (table === undefined) {
          if (!namespaces.has(namespace)) return error(404, `Namespace does not exist: ${namespace}`);
          if (tables.has(String(body['name']))) return error(409, 'Table already exists');
          tables.set(String(body['name']), newMetadata(formatVersion, body));
          return answer(200, { metadata: tables.get(String(body['name'])) });
        }
        if (request.method === 'GET') {
          const metadata = tables.get(table);
          return metadata === undefined ? error(404, 'Table does not exist') : answer(200, { metadata });
        }
        switch (catalog.fateOf()) {
          case 'answered':
            return commit(table, body);
          case 'made':
            commit(table, body);
            throw new Error('the connection was lost');
          case 'lost':
            throw new Error('the connection was lost');
          case 'later':
            underWay.push(() => commit(table, body));
            throw new Error('no answer in time');
          case 'broken':
            commit(table, body);
            return error(500, 'Internal');
          case 'busy':
            return error(503, 'Slow down');
        }
      },
    },
  };
  return catalog;
}

function newMetadata(formatVersion: number, body: Json): Json {
  return {
    'format-version': formatVersion,
    'table-uuid': `uuid of ${String(body['name'])}`,
    location: `memory://${String(body['name'])}`,
    'last-sequence-number': 0,
    'last-updated-ms': 0,
    schemas: [{ ...(body['schema'] as Json), 'schema-id': 0 }],
    'current-schema-id': 0,
    'partition-specs': [body['partition-spec']],
    'default-spec-id': 0,
    properties: body['properties'],
    snapshots: [],
    refs: {},
  };
}

function mainOf(metadata: Json): unknown {
  return (metadata['refs'] as Record<string, Json>)['main']?.['snapshot-id'] ?? null;
}

function holds(metadata: Json, requirement: Json): boolean {
  switch (requirement['type']) {
    case 'assert-table-uuid':
      return metadata['table-uuid'] === requirement['uuid'];
    case 'assert-ref-snapshot-id':
      return mainOf(metadata) === requirement['snapshot-id'];
    default:
      throw new Error(`a requirement that is none: ${String(requirement['type'])}`);
  }
}

function apply(metadata: Json, update: Json): void {
  if (update['action'] === 'add-snapshot') {
    const snapshot = update['snapshot'] as Json;
    if (metadata['format-version'] === 2) {
      const sequence = snapshot['sequence-number'];
      if (sequence !== (metadata['last-sequence-number'] as number) + 1)
        throw new Error('a sequence number that is none');
      metadata['last-sequence-number'] = sequence;
    } else if ('sequence-number' in snapshot) throw new Error('version 1 has no sequence numbers');
    if ((snapshot['timestamp-ms'] as number) < (metadata['last-updated-ms'] as number)) throw new Error('back in time');
    metadata['last-updated-ms'] = snapshot['timestamp-ms'];
    metadata['snapshots'] = [...(metadata['snapshots'] as Json[]), snapshot];
  } else if (update['action'] === 'set-snapshot-ref') {
    const { 'ref-name': name, type, 'snapshot-id': id } = update;
    metadata['refs'] = { ...(metadata['refs'] as Json), [String(name)]: { type, 'snapshot-id': id } };
  } else throw new Error(`an update that is none: ${String(update['action'])}`);
}

export interface MemoryFiles extends TableFiles {
  readonly stored: ReadonlyMap<string, Buffer>;
}

/** A file is put once. */
export function memoryFiles(): MemoryFiles {
  const stored = new Map<string, Buffer>();
  return {
    stored,
    async put(location, body) {
      await Promise.resolve();
      if (stored.has(location)) throw new Error(`${location} was put again`);
      stored.set(location, Buffer.concat(body));
    },
    async read(location) {
      await Promise.resolve();
      return stored.get(location)!;
    },
  };
}
