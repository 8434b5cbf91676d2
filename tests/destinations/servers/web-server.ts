import { createServer as createPlain } from 'node:http';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createServer as createSecure } from 'node:https';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

/** PEM. Without it the server speaks plain HTTP. */
export interface TlsIdentity {
  readonly key: string | Buffer;
  readonly cert: string | Buffer;
}

export interface WebRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  /** Whole, as it came. */
  readonly bytes: Buffer;
}

export interface WebServer {
  /** http://127.0.0.1:PORT, or https. */
  readonly endpoint: string;
  stop(): Promise<void>;
}

/** A server on a free port of loopback that hears requests when they are there whole. */
export async function startWebServer(
  tls: TlsIdentity | undefined,
  hear: (each: WebRequest) => void,
): Promise<WebServer> {
  const listener: RequestListener = (request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    // Who sends may be killed meanwhile.
    request.on('error', () => undefined);
    request.on('end', () => {
      hear({ request, response, url: new URL(request.url!, 'http://host'), bytes: Buffer.concat(pieces) });
    });
  };
  const server = tls === undefined ? createPlain(listener) : createSecure({ key: tls.key, cert: tls.cert }, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http${tls === undefined ? '' : 's'}://127.0.0.1:${port}`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export function answerJson(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

/** The body without its Content-Encoding; undefined where it is not in it, or in one that is neither GZIP nor none. */
export function decodedBody({ request, bytes }: WebRequest): Buffer | undefined {
  const encoding = request.headers['content-encoding'];
  if (encoding === undefined) return bytes;
  if (encoding !== 'gzip') return undefined;
  try {
    return gunzipSync(bytes);
  } catch {
    return undefined;
  }
}
