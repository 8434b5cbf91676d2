import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { HttpRequest, HttpResponse } from '@millrace/protocol';
import { ChunkedBody, SizedBody } from './http1-body.ts';
import type { IncomingBody } from './http1-body.ts';
import { FramingError, parseHead } from './http1-head.ts';
import type { Head } from './http1-head.ts';
import type { Http1, Waiting } from './http1.ts';
import { readSocket } from './read-socket.ts';
import { writePieces } from './write-stream.ts';

const maxHeadBytes = 32 << 10;
const headEnd = Buffer.from('\r\n\r\n');
const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/**
 * One connection: bytes to requests, one after the other, and answers back in their order.
 *
 *   head ──> body ──> answering ──> head …        'answering' begins with the wait for room in the body budget
 *
 * While a request is answered nothing is read: what a pipelining client sends meanwhile waits in one chunk here, the rest
 * in the socket. So a connection holds at most a head, a body and a chunk.
 */
export class Http1Connection {
  readonly #http: Http1;
  readonly #socket: Socket;
  readonly #isSecure: boolean;
  #state: 'head' | 'body' | 'answering' | 'ended' = 'head';
  /** What the client or we are waited for, since when; undefined while a request is being handled. */
  waiting: Waiting | undefined = 'idle';
  sinceMs: number;
  /** The beginning of a head that has not come whole. */
  #gathered: Buffer | undefined;
  #gatheredBytes = 0;
  #head: Head | undefined;
  #body: IncomingBody | undefined;
  #reserved = 0;
  #held: Buffer[] = [];
  /** Memory of the present request. */
  #borrowed: Buffer[] = [];
  #gone: AbortController | undefined;
  readonly #answered: (() => void)[] = [];
  /** The client has said that it sends no more. */
  #hasEnded = false;

  constructor(http: Http1, socket: Socket, isSecure: boolean) {
    this.#http = http;
    this.#socket = socket;
    this.#isSecure = isSecure;
    this.sinceMs = http.clock.monotonicMs();
  }

  start(): void {
    const socket = this.#socket;
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      this.#state = 'ended';
      this.#gone?.abort();
      this.#release();
    });
    socket.once('end', () => {
      this.#hasEnded = true;
      if (this.#state !== 'answering') socket.end();
    });
    readSocket(socket, (chunk) => this.#feed(chunk));
  }

  closeIfIdle(): void {
    if (this.#state === 'head') this.#socket.destroy();
  }

  /** The client has been too slow. */
  giveUp(): void {
    if (this.waiting === 'head' || this.waiting === 'body') this.#refuse(new FramingError(408, 'too slow'));
    else this.#socket.destroy();
  }

  #wait(waiting: Waiting | undefined): void {
    this.waiting = waiting;
    this.sinceMs = this.#http.clock.monotonicMs();
  }

  #feed(chunk: Buffer): void {
    let at = 0;
    try {
      while (at < chunk.length) {
        if (this.#state === 'head') at = this.#takeHead(chunk, at);
        else if (this.#state === 'body') {
          at += this.#body!.take(chunk, at);
          if (this.#body!.isWhole) void this.#answer(this.#head!, this.#body!.content());
        } else if (this.#state === 'answering') {
          // A copy, like all that stays of a chunk.
          this.#held.push(Buffer.from(chunk.subarray(at)));
          this.#socket.pause();
          return;
        } else return;
      }
    } catch (error) {
      this.#refuse(error);
    }
  }

  /** Takes bytes of a head; answers the place behind them. */
  #takeHead(chunk: Buffer, from: number): number {
    if (this.#gathered === undefined) {
      let at = from;
      // Empty lines before a request are skipped, as the standard advises.
      while (at < chunk.length && (chunk[at] === carriageReturn || chunk[at] === lineFeed)) at += 1;
      const end = chunk.indexOf(headEnd, at);
      if (end !== -1) {
        if (end - at > maxHeadBytes) throw new FramingError(431, 'the head is too large');
        this.#beginRequest(chunk.toString('latin1', at, end));
        return end + headEnd.length;
      }
      if (at === chunk.length) return at;
      if (chunk.length - at > maxHeadBytes) throw new FramingError(431, 'the head is too large');
      this.#wait('head');
      this.#gathered = Buffer.allocUnsafeSlow(maxHeadBytes + headEnd.length);
      this.#gatheredBytes = chunk.copy(this.#gathered, 0, at);
      return chunk.length;
    }
    const before = this.#gatheredBytes;
    const copied = chunk.copy(this.#gathered, before, from);
    const filled = this.#gathered.subarray(0, before + copied);
    const end = filled.indexOf(headEnd, Math.max(0, before - headEnd.length + 1));
    if (end === -1) {
      if (filled.length > maxHeadBytes) throw new FramingError(431, 'the head is too large');
      this.#gatheredBytes = filled.length;
      return from + copied;
    }
    this.#gathered = undefined;
    this.#beginRequest(filled.toString('latin1', 0, end));
    return from + end + headEnd.length - before;
  }

  #beginRequest(text: string): void {
    const head = parseHead(text);
    const { serving } = this.#http;
    const { contentLength } = head;
    if (contentLength !== undefined && contentLength > serving.bodyLimitBytes)
      throw new FramingError(413, `the body is larger than ${serving.bodyLimitBytes} bytes`);
    serving.underWay += 1;
    // Of an unknown length the whole limit is reserved: rare, and never too little.
    const wanted = contentLength ?? serving.bodyLimitBytes;
    const room = serving.budget.acquire(wanted);
    this.#head = head;
    if (room === undefined) return this.#beginBody(head, wanted);
    this.#state = 'answering';
    this.#wait(undefined);
    void room.then(() => {
      // Its close has counted the request off already.
      if (this.#state === 'ended') return serving.budget.release(wanted);
      this.#beginBody(head, wanted);
      this.#feedHeld();
    });
  }

  #beginBody(head: Head, reserved: number): void {
    this.#reserved = reserved;
    if (head.contentLength === 0) return void this.#answer(head, Buffer.alloc(0));
    if (head.expectsContinue) this.#socket.write('HTTP/1.1 100 Continue\r\n\r\n');
    this.#body =
      head.contentLength === undefined
        ? new ChunkedBody(this.#http.serving.bodyLimitBytes)
        : new SizedBody(head.contentLength, this.#borrow);
    this.#state = 'body';
    this.#wait('body');
  }

  /** Memory for the present request and its answer; small pieces are node's own to make. */
  readonly #borrow = (length: number): Buffer => {
    const buffer = this.#http.buffers.take(length);
    this.#borrowed.push(buffer);
    return buffer;
  };

  async #answer(head: Head, body: Buffer): Promise<void> {
    this.#state = 'answering';
    this.#wait(undefined);
    const { serving } = this.#http;
    try {
      await this.#write(head, await serving.handle(this.#request(head, body)));
    } catch (error) {
      serving.report(error);
      this.#socket.destroy();
    }
    // Only now: when the client left early, `#release` ran while the handler still looked at the body.
    for (const buffer of this.#borrowed.splice(0)) this.#http.buffers.give(buffer);
    this.#release();
    this.#gone = undefined;
    // Read anew: the connection may have closed in the meantime.
    if ((this.#state as string) === 'ended') return;
    if (this.#http.closing || !head.keepAlive || (this.#hasEnded && this.#held.length === 0)) {
      this.#state = 'ended';
      this.#socket.end();
      this.#wait('answer');
      return;
    }
    this.#state = 'head';
    this.#wait('idle');
    this.#feedHeld();
  }

  #request({ method, path, query, headers, version }: Head, body: Buffer): HttpRequest {
    const socket = this.#socket;
    const answered = this.#answered;
    const gone = (): AbortSignal => {
      this.#gone ??= new AbortController();
      if (socket.destroyed) this.#gone.abort();
      return this.#gone.signal;
    };
    return {
      method,
      path,
      query,
      headers,
      body,
      room: this.#borrow,
      httpVersion: version,
      secure: this.#isSecure,
      get remoteAddress() {
        return socket.remoteAddress ?? '';
      },
      // Made when asked for: most requests are answered before anybody could leave.
      get signal() {
        return gone();
      },
      onAnswered: (run) => {
        // Who asks after the client has left is told at once.
        if (this.#state === 'ended') run();
        else answered.push(run);
      },
    };
  }

  async #write(head: Head, { status, headers, body }: HttpResponse): Promise<void> {
    const socket = this.#socket;
    let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`;
    for (const name in headers) text += `${name}: ${headers[name]}\r\n`;
    text += `date: ${this.#http.date()}\r\n`;
    if (this.#http.closing || !head.keepAlive) text += 'connection: close\r\n';
    else if (head.version === '1.0') text += 'connection: keep-alive\r\n';
    if (typeof body !== 'string' && !Buffer.isBuffer(body)) return this.#writePieces(head, text, body);
    const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
    text += `content-length: ${length}\r\n\r\n`;
    let isTaken: boolean;
    if (head.method === 'HEAD' || length === 0) isTaken = socket.write(text, 'latin1');
    else if (typeof body === 'string' && length === body.length) isTaken = socket.write(text + body, 'latin1');
    else {
      await this.#writeBody(text, body);
      return;
    }
    if (!isTaken && !socket.destroyed) {
      this.#wait('answer');
      await new Promise<void>((resolve) => {
        socket.once('drain', resolve);
        socket.once('close', resolve);
      });
    }
  }

  /**
   * Waits until the body is written, not only taken: its memory may be lent, and whoever gets it next would write over what a
   * slow client has not got yet.
   */
  async #writeBody(head: string, body: Buffer | string): Promise<void> {
    const socket = this.#socket;
    const written = new Promise<void>((resolve) => {
      socket.once('close', resolve);
      socket.cork();
      socket.write(head, 'latin1');
      socket.write(body, () => {
        socket.removeListener('close', resolve);
        resolve();
      });
      socket.uncork();
    });
    this.#wait('answer');
    await written;
  }

  /** The head goes at once: a client that subscribes waits for it before the first event. */
  async #writePieces(head: Head, text: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
    const isChunked = head.version === '1.1';
    this.#socket.write(
      `${text}${isChunked ? 'transfer-encoding: chunked\r\n' : 'connection: close\r\n'}\r\n`,
      'latin1',
    );
    const isDone = await writePieces(isChunked ? inChunks(pieces) : pieces, this.#socket);
    if (!isDone) this.#socket.destroy();
    else if (isChunked) this.#socket.write('0\r\n\r\n');
    else this.#socket.end();
  }

  /** Goes on with what came while a request was answered. */
  #feedHeld(): void {
    const held = this.#held;
    this.#held = [];
    for (const chunk of held) this.#feed(chunk);
    if (this.#held.length === 0) this.#socket.resume();
  }

  #release(): void {
    if (this.#head === undefined) return;
    const { serving } = this.#http;
    serving.budget.release(this.#reserved);
    serving.underWay -= 1;
    for (const run of this.#answered.splice(0)) run();
    this.#reserved = 0;
    this.#head = undefined;
    this.#body = undefined;
  }

  #refuse(error: unknown): void {
    const known = error instanceof FramingError ? error : new FramingError(500, 'a fault of ours');
    if (known !== error) this.#http.serving.report(error);
    this.#state = 'ended';
    this.#release();
    const reason = `${known.status} ${STATUS_CODES[known.status] ?? ''}`;
    this.#socket.end(`HTTP/1.1 ${reason}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
    this.#wait('answer');
  }
}

async function* inChunks(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    // A chunk of no bytes would end the body.
    if (piece.length > 0)
      yield Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]);
  }
}
