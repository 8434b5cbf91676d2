import { connect } from 'node:net';

/** An answer of which only the length and both ends are kept. */
export interface SkimmedAnswer {
  readonly status: number;
  /** Bytes of the body. */
  readonly length: number;
  /** The body's first and last kilobyte as latin1, or all of a shorter one. */
  readonly ends: string;
}

export interface SkimmingConnection {
  send(request: Buffer): Promise<SkimmedAnswer>;
  close(): void;
}

const endBytes = 1024;

/**
 * A connection that reads large answers into one buffer of its own, again and again, and looks at almost nothing of them: at
 * hundreds of megabytes a second a client that gathers and parses would be what is measured. Answers with a Content-Length only.
 */
export function openSkimming(host: string, port: number): Promise<SkimmingConnection> {
  return new Promise((resolve, reject) => {
    let waiting: { resolve(answer: SkimmedAnswer): void; reject(error: Error): void } | undefined;
    let status = 0;
    let start = '';
    let bodyLength = -1;
    let have = 0;
    let tail = '';
    const take = (bytes: Buffer): void => {
      let body = bytes;
      if (bodyLength < 0) {
        start += bytes.toString('latin1');
        const headEnd = start.indexOf('\r\n\r\n');
        if (headEnd < 0) return;
        status = Number(start.slice(9, 12));
        bodyLength = Number(/\r\ncontent-length: *(\d+)/i.exec(start.slice(0, headEnd))?.[1]);
        if (Number.isNaN(bodyLength)) throw new Error('an answer without Content-Length cannot be skimmed');
        body = Buffer.from(start.slice(headEnd + 4), 'latin1');
        start = '';
      }
      if (start.length < endBytes) start += body.toString('latin1', 0, endBytes);
      have += body.length;
      tail = (tail + body.toString('latin1', Math.max(0, body.length - endBytes))).slice(-endBytes);
      if (have < bodyLength) return;
      const answer = { status, length: bodyLength, ends: have <= 2 * endBytes ? start : start + tail };
      start = '';
      tail = '';
      bodyLength = -1;
      have = 0;
      waiting?.resolve(answer);
    };
    const socket = connect({
      host,
      port,
      noDelay: true,
      onread: {
        buffer: Buffer.allocUnsafeSlow(1 << 20),
        callback: (count, buffer) => {
          take((buffer as Buffer).subarray(0, count));
          return true;
        },
      },
    });
    socket.once('error', (error) => (waiting === undefined ? reject(error) : waiting.reject(error)));
    socket.once('close', () => waiting?.reject(new Error('the server closed the connection')));
    socket.once('connect', () =>
      resolve({
        send: (request) =>
          new Promise((done, failed) => {
            waiting = { resolve: done, reject: failed };
            socket.write(request);
          }),
        close: () => void socket.destroy(),
      }),
    );
  });
}
