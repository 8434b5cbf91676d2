import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { HttpResponse } from '@millrace/protocol';
import type { Serving } from './listen.ts';
import { BodyError, readBody } from './read-body.ts';
import { writePieces } from './write-stream.ts';

/** HTTP/2 by Node's implementation. Errors end the session or stream they belong to, nothing else. */
export function serveHttp2(session: ServerHttp2Session, secure: boolean, serving: Serving): void {
  session.on('error', () => session.destroy());
  session.on(
    'stream',
    (stream, headers) =>
      void answer(stream, headers, { serving, secure, remoteAddress: session.socket?.remoteAddress ?? '' }),
  );
}

async function answer(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  { serving, secure, remoteAddress }: { serving: Serving; secure: boolean; remoteAddress: string },
): Promise<void> {
  const { budget } = serving;
  let reserved = 0;
  serving.underWay += 1;
  const answered: (() => void)[] = [];
  const gone = new AbortController();
  stream.on('error', () => stream.destroy());
  stream.once('close', () => gone.abort());
  try {
    const declared = headers['content-length'];
    const read = await readBody(
      stream,
      declared === undefined ? (stream.readableEnded || stream.endAfterHeaders ? 0 : undefined) : Number(declared),
      serving,
    );
    reserved = read.reserved;
    const path = headers[':path'] ?? '/';
    const mark = path.indexOf('?');
    // The JavaScript SDK signs `:authority` where others sign `host`.
    const authority = headers[':authority'] ?? headers.host ?? '';
    const plain: Record<string, string> = { host: authority, ':authority': authority };
    for (const [name, value] of Object.entries(headers))
      if (!name.startsWith(':')) plain[name] = Array.isArray(value) ? value.join(', ') : (value ?? '');
    await write(
      stream,
      await serving.handle({
        method: headers[':method'] ?? 'GET',
        path: mark === -1 ? path : path.slice(0, mark),
        query: mark === -1 ? '' : path.slice(mark + 1),
        headers: plain,
        body: read.body,
        httpVersion: '2.0',
        secure,
        remoteAddress,
        signal: gone.signal,
        onAnswered: (run) => void answered.push(run),
      }),
    );
  } catch (error) {
    if (!(error instanceof BodyError)) serving.report(error);
    if (stream.headersSent || stream.destroyed) stream.destroy();
    else {
      stream.respond({ ':status': error instanceof BodyError ? error.status : 500 });
      stream.end();
    }
  } finally {
    budget.release(reserved);
    serving.underWay -= 1;
    for (const run of answered) run();
  }
}

async function write(stream: ServerHttp2Stream, { status, headers, body }: HttpResponse): Promise<void> {
  if (stream.destroyed) {
    // The client left meanwhile; a source that was opened for it is closed by asking for nothing.
    if (typeof body === 'object' && Symbol.asyncIterator in body) await body[Symbol.asyncIterator]().return?.();
    return;
  }
  stream.respond({ ':status': status, ...headers });
  if (typeof body === 'string' || Buffer.isBuffer(body)) stream.end(body);
  else if (await writePieces(body, stream)) stream.end();
}
