import { FramingError } from './http1-head.ts';

/** A request's body as it comes in. `take` answers how many bytes of the chunk were the body's; then `isWhole` tells. */
export interface IncomingBody {
  readonly isWhole: boolean;
  take(chunk: Buffer, from: number): number;
  /** Valid once it is whole. */
  content(): Buffer;
}

/** Up to this length a body is not worth a buffer of its own. */
const smallBytes = 4096;

/** A body of a known length. */
export class SizedBody implements IncomingBody {
  readonly #length: number;
  readonly #room: (length: number) => Buffer;
  #content: Buffer | undefined;
  #filled = 0;

  /** `room` gives memory for a large one. */
  constructor(length: number, room: (length: number) => Buffer) {
    this.#length = length;
    this.#room = room;
  }

  get isWhole(): boolean {
    return this.#filled === this.#length;
  }

  take(chunk: Buffer, from: number): number {
    const count = Math.min(this.#length - this.#filled, chunk.length - from);
    // Small ones share blocks of node's own.
    this.#content ??= this.#length < smallBytes ? Buffer.allocUnsafe(this.#length) : this.#room(this.#length);
    chunk.copy(this.#content, this.#filled, from, from + count);
    this.#filled += count;
    return count;
  }

  content(): Buffer {
    return this.#content ?? Buffer.alloc(0);
  }
}

const maxSizeLine = 256;
const maxExtensions = 16 << 10;
const maxTrailers = 8 << 10;
const sizeLine =
  /^([0-9A-Fa-f]{1,8})((?:;[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:=(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+|"[^"\\]*"))?)*)$/;

/*
 * chunked = chunk* last-chunk trailer* CRLF          (RFC 9112, 7.1)
 * chunk   = size [";" extension] CRLF data CRLF      size in hex digits; extensions and trailers are bounded and ignored
 */
export class ChunkedBody implements IncomingBody {
  readonly #limit: number;
  #content = Buffer.alloc(0);
  #filled = 0;
  #state: 'size' | 'data' | 'data-end' | 'trailer' | 'done' = 'size';
  #line = '';
  #left = 0;
  #length = 0;
  #extensions = 0;
  #trailers = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get isWhole(): boolean {
    return this.#state === 'done';
  }

  content(): Buffer {
    return this.#content.subarray(0, this.#filled);
  }

  take(chunk: Buffer, from: number): number {
    let at = from;
    while (at < chunk.length && this.#state !== 'done') {
      if (this.#state === 'data') at += this.#takeData(chunk, at);
      else at = this.#takeLine(chunk, at);
    }
    return at - from;
  }

  #takeData(chunk: Buffer, at: number): number {
    const count = Math.min(this.#left, chunk.length - at);
    if (this.#filled + count > this.#content.length) {
      // Doubled: a chunk may hold a byte.
      const larger = Buffer.allocUnsafe(Math.max(this.#filled + count, 2 * this.#content.length, smallBytes));
      this.#content.copy(larger, 0, 0, this.#filled);
      this.#content = larger;
    }
    this.#filled += chunk.copy(this.#content, this.#filled, at, at + count);
    this.#left -= count;
    if (this.#left === 0) this.#state = 'data-end';
    return count;
  }

  /** Gathers a line up to CRLF, which may come in pieces; answers the place behind what was taken. */
  #takeLine(chunk: Buffer, at: number): number {
    const end = chunk.indexOf(0x0a, at);
    const to = end === -1 ? chunk.length : end + 1;
    const room = this.#state === 'trailer' ? maxTrailers - this.#trailers : maxSizeLine;
    if (this.#line.length + to - at > room) throw new FramingError(400, 'a line of a chunked body is too long');
    this.#line += chunk.toString('latin1', at, to);
    if (end === -1) return to;
    const line = this.#line;
    this.#line = '';
    // eslint-disable-next-line no-control-regex -- these are what must not be there
    if (!line.endsWith('\r\n') || /[\x00-\x08\x0a-\x1f\x7f]/.test(line.slice(0, -2)))
      throw new FramingError(400, 'a line of a chunked body');
    this.#useLine(line.slice(0, -2));
    return to;
  }

  #useLine(line: string): void {
    if (this.#state === 'data-end') {
      if (line !== '') throw new FramingError(400, 'a chunk longer than its size');
      this.#state = 'size';
    } else if (this.#state === 'trailer') {
      if (line === '') this.#state = 'done';
      else if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+:/.test(line)) throw new FramingError(400, 'a trailer');
      this.#trailers += line.length + 2;
    } else this.#useSize(line);
  }

  #useSize(line: string): void {
    const size = sizeLine.exec(line);
    if (size === null) throw new FramingError(400, 'a chunk size');
    this.#extensions += size[2]?.length ?? 0;
    if (this.#extensions > maxExtensions) throw new FramingError(400, 'too many chunk extensions');
    this.#left = Number.parseInt(size[1]!, 16);
    this.#length += this.#left;
    if (this.#length > this.#limit) throw new FramingError(413, `the body is larger than ${this.#limit} bytes`);
    this.#state = this.#left === 0 ? 'trailer' : 'data';
  }
}
