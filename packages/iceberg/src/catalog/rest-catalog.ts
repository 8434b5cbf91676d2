import type { World } from '@millrace/world';
import { IcebergError } from '../errors.ts';
import { parseJson, toJson } from '../json.ts';
import type { CatalogAnswer, CatalogSender } from './catalog-sender.ts';
import { TokenKeeper } from './credentials.ts';
import type { CatalogCredentials } from './credentials.ts';
import { readTableMetadata } from './table-metadata.ts';
import type { LoadedTable } from './table-metadata.ts';

export interface CatalogOptions {
  /** What comes before `/v1`. */
  readonly url: string;
  /** A catalog with several asks for one by name. */
  readonly warehouse?: string | undefined;
  readonly credentials?: CatalogCredentials | undefined;
  /** 30 s unless told. */
  readonly timeoutMs?: number | undefined;
  /** What the metadata of a table may be, about 1 KiB a snapshot that is not expired; 64 MiB unless told. */
  readonly maxAnswerBytes?: number | undefined;
}

/** A table's name: the levels of its namespace, of which most have one, and its own. */
export interface TableName {
  readonly namespace: readonly string[];
  readonly name: string;
}

/** A table to be made. All by the specification's JSON, with ids from 1 on in the schema. */
export interface NewTable extends TableName {
  readonly schema: unknown;
  /** The spec's fields, with ids from 1000 on; none unless told. */
  readonly partitionFields?: readonly unknown[] | undefined;
  /** Where the catalog puts it unless told. */
  readonly location?: string | undefined;
  readonly properties?: Readonly<Record<string, string>> | undefined;
}

/** A change of a table that counts only if what it requires holds. */
export interface Commit {
  readonly requirements: readonly unknown[];
  readonly updates: readonly unknown[];
}

/** What became of a commit. `unknown`: it may have been made, or be made yet. */
export type CommitOutcome =
  | { readonly kind: 'committed' }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'unknown'; readonly reason: string };

/** A catalog behind Iceberg's REST protocol (https://iceberg.apache.org/rest-catalog-spec/). */
export class RestCatalog {
  readonly #options: Required<Pick<CatalogOptions, 'timeoutMs' | 'maxAnswerBytes'>> & CatalogOptions;
  readonly #sender: CatalogSender;
  readonly #tokens: TokenKeeper;
  #root: Promise<string> | undefined;

  constructor(options: CatalogOptions, sender: CatalogSender, world: Pick<World, 'clock'>) {
    const url = options.url.replace(/\/+$/, '');
    this.#options = {
      ...options,
      url,
      timeoutMs: options.timeoutMs ?? 30_000,
      maxAnswerBytes: options.maxAnswerBytes ?? 64 << 20,
    };
    this.#sender = sender;
    this.#tokens = new TokenKeeper(options.credentials ?? { kind: 'none' }, sender, world.clock, url);
  }

  /** Rejects with IcebergError, `Iceberg.NoSuchTable` where there is none. */
  async loadTable(table: TableName, signal: AbortSignal): Promise<LoadedTable> {
    const answer = await this.#ask('GET', `${pathOf(table.namespace)}/tables/${nameOf(table)}`, undefined, signal);
    return readTable(this.#good(answer, printName(table)));
  }

  /** Makes a table, and its namespace where that is missing; one that is there already is left as it is. Answers it. */
  async createTable(table: NewTable, signal: AbortSignal): Promise<LoadedTable> {
    const name = nameOf(table);
    const path = `${pathOf(table.namespace)}/tables`;
    const body = {
      name: decodeURIComponent(name),
      schema: table.schema,
      'partition-spec': { 'spec-id': 0, fields: table.partitionFields ?? [] },
      location: table.location,
      properties: table.properties ?? {},
    };
    let answer = await this.#ask('POST', path, body, signal);
    if (answer.status === 404) {
      const made = await this.#ask('POST', '/namespaces', { namespace: table.namespace, properties: {} }, signal);
      if (made.status !== 409) this.#good(made, table.namespace.join('.'));
      answer = await this.#ask('POST', path, body, signal);
    }
    if (answer.status === 409) return await this.loadTable(table, signal);
    return readTable(this.#good(answer, printName(table)));
  }

  /** Rejects with IcebergError where the catalog surely has not made it, but for a conflict. */
  async commit(table: TableName, commit: Commit, signal: AbortSignal): Promise<CommitOutcome> {
    const body = { identifier: { namespace: table.namespace, name: table.name }, ...commit };
    const path = `${pathOf(table.namespace)}/tables/${nameOf(table)}`;
    await this.#rootUrl(signal);
    let answer: CatalogAnswer;
    try {
      answer = await this.#ask('POST', path, body, signal);
    } catch (error) {
      // Whoever gives up has to look too, later: what was sent may be there.
      return { kind: 'unknown', reason: (error as Error).message };
    }
    if (answer.status === 409) return { kind: 'conflict' };
    if (answer.status >= 500 || answer.status === 408 || answer.status === 429)
      return { kind: 'unknown', reason: `the catalog answered ${answer.status}: ${reasonOf(answer)}` };
    this.#good(answer, printName(table));
    return { kind: 'committed' };
  }

  async #ask(method: 'GET' | 'POST', path: string, body: unknown, signal: AbortSignal): Promise<CatalogAnswer> {
    return await this.#send(method, `${await this.#rootUrl(signal)}${path}`, body, signal);
  }

  /** A failure is asked again with the next request. */
  async #rootUrl(signal: AbortSignal): Promise<string> {
    this.#root ??= this.#readConfig(signal);
    try {
      return await this.#root;
    } catch (error) {
      this.#root = undefined;
      throw error;
    }
  }

  /** The client's own settings stand between the catalog's defaults and its overrides. */
  async #readConfig(signal: AbortSignal): Promise<string> {
    const { url, warehouse } = this.#options;
    const query = warehouse === undefined ? '' : `?warehouse=${encodeURIComponent(warehouse)}`;
    const answer = await this.#send('GET', `${url}/v1/config${query}`, undefined, signal);
    const { defaults, overrides } = this.#good(answer, 'the configuration') as Record<string, Record<string, string>>;
    const prefix = overrides?.['prefix'] ?? defaults?.['prefix'];
    const root = (overrides?.['uri'] ?? url).replace(/\/+$/, '');
    return prefix === undefined || prefix === '' ? `${root}/v1` : `${root}/v1/${prefix}`;
  }

  async #send(method: 'GET' | 'POST', url: string, body: unknown, signal: AbortSignal): Promise<CatalogAnswer> {
    const { timeoutMs, maxAnswerBytes } = this.#options;
    const limits = { timeoutMs, maxAnswerBytes, signal };
    for (let isFirst = true; ; isFirst = false) {
      const headers = {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(await this.#authorization(limits)),
      };
      const bytes = body === undefined ? undefined : Buffer.from(toJson(body));
      const answer = await this.#reach(() => this.#sender.send({ method, url, headers, body: bytes, ...limits }));
      if (Buffer.byteLength(answer.body) >= maxAnswerBytes)
        throw new IcebergError(
          'Iceberg.CatalogFailure',
          `an answer of the catalog is of ${maxAnswerBytes} bytes or more`,
        );
      // 419 is the protocol's word for a token that has ended.
      if (!isFirst || !this.#tokens.canRenew || (answer.status !== 401 && answer.status !== 419)) return answer;
      this.#tokens.forget();
    }
  }

  async #authorization(limits: Parameters<TokenKeeper['header']>[0]): Promise<Readonly<Record<string, string>>> {
    return await this.#reach(() => this.#tokens.header(limits));
  }

  async #reach<Answer>(send: () => Promise<Answer>): Promise<Answer> {
    try {
      return await send();
    } catch (error) {
      if (error instanceof IcebergError) throw error;
      const message = `the catalog was not to be reached: ${(error as Error).message}`;
      throw new IcebergError('Iceberg.CatalogFailure', message, { isRetryable: true, cause: error });
    }
  }

  /** The body of a good answer. Throws IcebergError for any other. */
  #good(answer: CatalogAnswer, what: string): unknown {
    const { status } = answer;
    if (status >= 200 && status < 300) return status === 204 ? {} : readBody(answer);
    const message = `${what}: the catalog answered ${status}: ${reasonOf(answer)}`;
    if (status === 404) throw new IcebergError('Iceberg.NoSuchTable', message);
    if (status === 401 || status === 403 || status === 419) throw new IcebergError('Glue.AccessDenied', message);
    throw new IcebergError('Iceberg.CatalogFailure', message, { isRetryable: status >= 500 || status === 429 });
  }
}

function readTable(body: unknown): LoadedTable {
  return readTableMetadata((body as { metadata?: unknown } | null)?.metadata);
}

function readBody({ body }: CatalogAnswer): unknown {
  try {
    return parseJson(body) ?? {};
  } catch (error) {
    throw new IcebergError('Iceberg.CatalogFailure', 'the catalog answered what is no JSON', {
      isRetryable: true,
      cause: error,
    });
  }
}

const shownCharacters = 300;

function reasonOf({ body }: CatalogAnswer): string {
  let message: unknown;
  try {
    message = (JSON.parse(body) as { error?: { message?: unknown } } | null)?.error?.message;
  } catch {
    // Not the protocol's own answer: a proxy's, as it is.
  }
  return (typeof message === 'string' ? message : body).slice(0, shownCharacters);
}

/** Levels are one segment, with the unit separator between them. Throws IcebergError for a name that is none. */
function pathOf(namespace: readonly string[]): string {
  if (namespace.length === 0 || namespace.includes(''))
    throw new IcebergError('Iceberg.InvalidTableName', 'a table is in a namespace, and none of its levels is empty');
  return `/namespaces/${namespace.map(encodeURIComponent).join('%1F')}`;
}

function nameOf({ name }: TableName): string {
  if (name === '') throw new IcebergError('Iceberg.InvalidTableName', 'a table has a name');
  return encodeURIComponent(name);
}

function printName({ namespace, name }: TableName): string {
  return `table ${[...namespace, name].join('.')}`;
}
