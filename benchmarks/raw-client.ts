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

/** A whole aws-json 1.1 request. The signature is not one: the servers measured run without checking it. */
export function buildRequest(host: string, target: string, body: string): Buffer {
  const bytes = Buffer.from(body);
  const head =
    `POST / HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/x-amz-json-1.1\r\nX-Amz-Target: Kinesis_20131202.${target}\r\n` +
    'X-Amz-Date: 20260101T000000Z\r\nAuthorization: AWS4-HMAC-SHA256 Credential=bench/20260101/us-east-1/kinesis/aws4_request, ' +
    `SignedHeaders=host;x-amz-date, Signature=${'0'.repeat(64)}\r\nContent-Length: ${bytes.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), bytes]);
}

export function openConnection(host: string, port: number): Promise<RawConnection> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true });
    socket.once('error', reject);
    socket.once('connect', () => resolve(wrap(socket)));
  });
}

function wrap(socket: Socket): RawConnection {
  let settle: { resolve(answer: { status: number; body: Buffer }): void; reject(error: Error): void } | undefined;
  let chunks: Buffer[] = [];
  let have = 0;
  let head: { status: number; start: number; length: number; chunked: boolean } | undefined;
  const fail = (error: Error): void => {
    settle?.reject(error);
    settle = undefined;
  };
  socket.on('error', fail);
  socket.on('close', () => fail(new Error('the server closed the connection')));
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
