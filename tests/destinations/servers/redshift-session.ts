import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { CopySource, quoted } from './copy-source.ts';
import { CopyError, parseCopy } from './copy-statement.ts';
import type { CopyStatement } from './copy-statement.ts';
import {
  columnsOf,
  fieldBytes,
  fieldsOf,
  isEncryptionRequest,
  isSslRequest,
  messageBytes,
  messagesOf,
} from './postgres-messages.ts';
import type { Message } from './postgres-messages.ts';
import type { RedshiftOptions } from './redshift.ts';

export interface SessionOptions extends RedshiftOptions {
  /** PostgreSQL's socket. */
  readonly path: string;
  readonly onStatement: (text: string) => void;
}

/** One connection: a client's, and one to PostgreSQL for it. */
export class RedshiftSession {
  readonly #options: SessionOptions;
  readonly #backend: Socket;
  #client: Socket | undefined;
  /** PostgreSQL waits for a statement. */
  #isIdle = false;
  #whenIdle: (() => void) | undefined;
  /** Where PostgreSQL's messages go while a COPY is served. */
  #take: ((message: Message) => void) | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#backend = connect(options.path);
    this.#backend.on('error', () => undefined);
  }

  /** Resolves when the connection ends. */
  async serve(socket: Socket): Promise<void> {
    const client = await this.#encrypted(socket);
    this.#client = client;
    const end = (): void => {
      client.destroy();
      this.#backend.destroy();
    };
    await Promise.race([this.#fromClient(client), this.#fromBackend()]).catch(() => undefined);
    end();
  }

  /** Answers what asks for encryption; what follows, the startup message too, is left to be read. */
  async #encrypted(socket: Socket): Promise<Socket> {
    for (;;) {
      const first = await readable(socket);
      if (first === undefined) return socket;
      const message = { type: '', body: first.subarray(4), bytes: first };
      if (first.length !== 8 || !isEncryptionRequest(message)) {
        socket.unshift(first);
        return socket;
      }
      const { tls } = this.#options;
      if (isSslRequest(message) && tls !== undefined) {
        socket.write('S');
        const secure = new TLSSocket(socket, { isServer: true, key: tls.key, cert: tls.cert });
        secure.on('error', () => undefined);
        return secure;
      }
      socket.write('N');
    }
  }

  async #fromClient(client: Socket): Promise<void> {
    for await (const message of messagesOf(client, true)) {
      const text = statementOf(message);
      if (text !== undefined) this.#options.onStatement(text);
      // Redshift's own copies are few, and drivers send them as plain statements.
      if (message.type === 'Q' && text !== undefined && (await this.#served(text))) continue;
      if (message.type !== '') this.#isIdle = false;
      this.#backend.write(message.bytes);
    }
  }

  async #fromBackend(): Promise<void> {
    for await (const message of messagesOf(this.#backend, false)) {
      if (this.#take === undefined) this.#client!.write(message.bytes);
      else this.#take(message);
      if (message.type !== 'Z') continue;
      this.#isIdle = true;
      this.#whenIdle?.();
    }
  }

  /** Whether the text was a COPY from S3. */
  async #served(text: string): Promise<boolean> {
    let copy: CopyStatement | undefined;
    try {
      copy = parseCopy(text);
      if (copy === undefined) return false;
      if (!this.#isIdle) await new Promise<void>((resolve) => (this.#whenIdle = resolve));
      await this.#copy(copy);
    } catch (error) {
      if (!(error instanceof CopyError)) throw error;
      await this.#raise(error);
    }
    return true;
  }

  async #copy(copy: CopyStatement): Promise<void> {
    const columns = copy.columns?.map(plainName) ?? (await this.#columns(copy.table));
    const source = new CopySource(copy, this.#options.s3);
    let read: Awaited<ReturnType<CopySource['read']>>;
    try {
      read = await source.read(columns);
    } finally {
      source.close();
    }
    const names = copy.columns === undefined ? '' : ` (${copy.columns.join(', ')})`;
    const begun = await this.#ask(`COPY ${copy.table}${names} FROM STDIN${read.options}`, 'G');
    if (begun.at(-1)?.type !== 'G') return this.#fail(begun, copy.table);
    this.#backend.write(messageBytes('d', Buffer.from(read.text)));
    const answers = await this.#answers(() => this.#backend.write(messageBytes('c', Buffer.alloc(0))), 'Z');
    const complete = answers.find(({ type }) => type === 'C');
    if (complete === undefined) return this.#fail(answers, copy.table);
    const rows = /COPY (\d+)/.exec(complete.body.toString())![1]!;
    const told = `Load into table '${copy.table}' completed, ${rows} record(s) loaded successfully.`;
    const notice = new Map([
      ['S', 'INFO'],
      ['C', '00000'],
      ['M', told],
    ]);
    this.#client!.write(Buffer.concat([fieldBytes('N', notice), messageBytes('C', 'COPY'), answers.at(-1)!.bytes]));
  }

  async #columns(table: string): Promise<string[]> {
    const answers = await this.#ask(`SELECT * FROM ${table} LIMIT 0`, 'Z');
    const description = answers.find(({ type }) => type === 'T');
    if (description !== undefined) return columnsOf(description);
    throw new CopyError(`Cannot COPY into nonexistent table ${table}`, '42P01');
  }

  /** PostgreSQL's error of a load, as Redshift words it: what was wrong stands in a table of errors there. */
  #fail(answers: readonly Message[], table: string): void {
    const error = fieldsOf(answers.find(({ type }) => type === 'E')!);
    const fields = new Map([
      ['S', 'ERROR'],
      ['C', 'XX000'],
      ['M', `Load into table '${table}' failed.  Check 'stl_load_errors' system table for details.`],
      ['D', [error.get('M'), error.get('W')].filter((text) => text !== undefined).join('\n')],
    ]);
    this.#client!.write(Buffer.concat([fieldBytes('E', fields), answers.at(-1)!.bytes]));
  }

  /** Has PostgreSQL raise the error, so that a transaction under way fails as it would. */
  async #raise({ message, code, detail }: CopyError): Promise<void> {
    const raise = `RAISE EXCEPTION USING MESSAGE = ${quoted(message)}, ERRCODE = ${quoted(code)}`;
    const answers = await this.#ask(`DO $raise$ BEGIN ${raise}; END $raise$`, 'Z');
    const fields = new Map([
      ['S', 'ERROR'],
      ['C', code],
      ['M', message],
      ...(detail === undefined ? [] : ([['D', detail]] as const)),
    ]);
    this.#client!.write(Buffer.concat([fieldBytes('E', fields), answers.at(-1)!.bytes]));
  }

  #ask(text: string, until: string): Promise<Message[]> {
    return this.#answers(() => this.#backend.write(messageBytes('Q', text)), until);
  }

  /** PostgreSQL's messages to the one of type `until`, or to the end of an error. */
  async #answers(send: () => void, until: string): Promise<Message[]> {
    const messages: Message[] = [];
    await new Promise<void>((resolve) => {
      this.#take = (message) => {
        messages.push(message);
        if (message.type === until || message.type === 'Z') resolve();
      };
      send();
    });
    this.#take = undefined;
    return messages;
  }
}

function statementOf({ type, body }: Message): string | undefined {
  if (type === 'Q') return body.toString('utf8', 0, body.length - 1);
  if (type !== 'P') return undefined;
  const start = body.indexOf(0) + 1;
  return body.toString('utf8', start, body.indexOf(0, start));
}

/** Names without quotes have small letters. */
function plainName(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name.toLowerCase();
}

async function readable(socket: Socket): Promise<Buffer | undefined> {
  for (;;) {
    const bytes = socket.read() as Buffer | null;
    if (bytes !== null) return bytes;
    if (socket.readableEnded || socket.destroyed) return undefined;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        for (const name of ['readable', 'end', 'close']) socket.removeListener(name, done);
        resolve();
      };
      for (const name of ['readable', 'end', 'close']) socket.once(name, done);
    });
  }
}
