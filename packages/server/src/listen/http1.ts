import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { HttpResponse } from '@millrace/protocol';
import type { Serving } from './listen.ts';
import { BodyError, readBody } from './read-body.ts';
import { writePieces } from './write-stream.ts';

/** HTTP/1.0 and 1.1 by Node's parser, which is strict about framing. */
export function serveHttp1(server: Server, serving: Serving): void {
  server.on('request', (request, response) => void answer(request, response, serving));
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
    else socket.destroy();
  });
}

async function answer(request: IncomingMessage, response: ServerResponse, serving: Serving): Promise<void> {
  const { budget } = serving;
  let reserved = 0;
  budget.requests += 1;
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  try {
    const declared = request.headers['content-length'];
    const isChunked = request.headers['transfer-encoding'] !== undefined;
    const read = await readBody(request, isChunked ? undefined : Number(declared ?? 0), serving);
    reserved = read.reserved;
    const url = request.url ?? '/';
    const mark = url.indexOf('?');
    await write(
      response,
      await serving.handle({
        method: request.method ?? 'GET',
        path: mark === -1 ? url : url.slice(0, mark),
        query: mark === -1 ? '' : url.slice(mark + 1),
        headers: request.headers as Record<string, string>,
        body: read.body,
        httpVersion: request.httpVersion as '1.0' | '1.1',
        secure: 'encrypted' in request.socket,
        remoteAddress: request.socket.remoteAddress ?? '',
        signal: gone.signal,
      }),
    );
  } catch (error) {
    if (!(error instanceof BodyError)) serving.report(error);
    if (response.headersSent || response.destroyed) response.destroy();
    else
      response
        .writeHead(error instanceof BodyError ? error.status : 500, { connection: 'close', 'content-length': 0 })
        .end();
  } finally {
    budget.release(reserved);
    budget.requests -= 1;
  }
}

async function write(response: ServerResponse, { status, headers, body }: HttpResponse): Promise<void> {
  if (typeof body === 'string' || Buffer.isBuffer(body)) {
    response.writeHead(status, {
      ...headers,
      'content-length': typeof body === 'string' ? Buffer.byteLength(body) : body.length,
    });
    response.end(body);
    return;
  }
  response.writeHead(status, headers);
  // The head goes at once: a client that subscribes waits for it before the first event.
  response.flushHeaders();
  await writePieces(body, response);
}
