import { connect } from 'node:net';
import type { Socket } from 'node:net';

/**
 * One keep-alive HTTP/1.1 connection that costs the machine as little as possible: prebuilt requests, one at a time, and
 * an answer parsed no further than its status and length. The server under test shall be what is measured.
 */
export interface RawConnection {
  /** Sends a prebuilt request and resolves with status and body. */
  send(request: Buffer): Promise<{ status: number; body: Buffer }>;
  close(): void;
}

export interface RequestOptions {
  readonly encoding?: 'json' | 'cbor';
  /** What stands before the operation's name in X-Amz-Target; Data Streams' where it is left out. */
  readonly service?: string;
  /** Makes the Authorization header's value; without it the signature is none, for servers that do not check it. */
  sign?(headers: Readonly<Record<string, string>>, body: Buffer): string;
}

/** A whole request of the aws-json protocol. */
export function buildRequest(host: string, target: string, body: Buffer, options: RequestOptions): Buffer {
  const now = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const headers: Record<string, string> = {
    host,
    'content-type': options.encoding === 'cbor' ? 'application/x-amz-cbor-1.1' : 'application/x-amz-json-1.1',
    'x-amz-target': `${options.service ?? 'Kinesis_20131202'}.${target}`,
    'x-amz-date': now,
  };
  const nobody = `AWS4-HMAC-SHA256 Credential=bench/${now.slice(0, 8)}/us-east-1/kinesis/aws4_request, SignedHeaders=host;x-amz-date, Signature=${'0'.repeat(64)}`;
  const authorization = options.sign?.(headers, body) ?? nobody;
  const lines = Object.entries({ ...headers, authorization, 'content-length': String(body.length) });
  const head = `POST / HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}

/** A server that closes after each answer (moto) is connected to anew for the next request. */
export async function openConnection(host: string, port: number): Promise<RawConnection> {
  let present = wrap(await connected(host, port));
  return {
    async send(request) {
      if (present.isOver()) present = wrap(await connected(host, port));
      return present.send(request);
    },
    close: () => present.close(),
  };
}

function connected(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true });
    socket.once('error', reject);
    socket.once('connect', () => resolve(socket));
  });
}

function wrap(socket: Socket): RawConnection & { isOver(): boolean } {
  let isOver = false;
  let settle: { resolve(answer: { status: number; body: Buffer }): void; reject(error: Error): void } | undefined;
  let chunks: Buffer[] = [];
  let have = 0;
  let head: { status: number; start: number; length: number; chunked: boolean } | undefined;
  const fail = (error: Error): void => {
    settle?.reject(error);
    settle = undefined;
  };
  socket.on('error', fail);
  socket.on('close', () => {
    isOver = true;
    fail(new Error('the server closed the connection'));
  });
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    have += chunk.length;
    if (head === undefined) {
      const all = chunks.length === 1 ? chunk : Buffer.concat(chunks);
      chunks = [all];
      const end = all.indexOf('\r\n\r\n');
      if (end < 0) return;
      const text = all.toString('latin1', 0, end);
      const length = /\r\ncontent-length: *(\d+)/i.exec(text);
      isOver ||= /\r\nconnection: *close/i.test(text);
      head = {
        status: Number(text.slice(9, 12)),
        start: end + 4,
        length: Number(length?.[1] ?? -1),
        chunked: length === null,
      };
    }
    if (head.chunked) {
      // kinesalite answers large bodies in chunks: the last chunk ends the answer.
      const all = Buffer.concat(chunks);
      chunks = [all];
      if (all.subarray(-5).toString('latin1') !== '0\r\n\r\n') return;
      finish(dechunk(all.subarray(head.start)));
    } else if (have >= head.start + head.length) {
      const all = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
      finish(all.subarray(head.start, head.start + head.length));
    }
  });
  function finish(body: Buffer): void {
    const answer = { status: head!.status, body };
    chunks = [];
    have = 0;
    head = undefined;
    const waiting = settle;
    settle = undefined;
    waiting?.resolve(answer);
  }
  return {
    send: (request) =>
      new Promise((resolve, reject) => {
        settle = { resolve, reject };
        socket.write(request);
      }),
    isOver: () => isOver,
    close: () => void socket.destroy(),
  };
}

function dechunk(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    const length = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    if (!(length > 0)) return Buffer.concat(parts);
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + length));
    at = lineEnd + 2 + length + 2;
  }
}
