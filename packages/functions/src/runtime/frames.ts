/*
 * What goes between the server and a worker process:
 *
 *   frame  = length headerLength header body      numbers of four bytes, the most significant first
 *   length = of all that follows it
 *   header = JSON, an object
 *   body   = the bytes that the message is about: an event, an answer, a text of the log
 *
 * Not Node's own channel: what a function writes to that would be taken apart in the server by code that throws where nobody
 * can catch it, and an answer of any size would be gathered there before anybody could refuse it.
 */

const numberBytes = 4;
const mostCopiedBytes = 16_384;

/** The bytes of a message, in one piece where they are few: each piece is a write of its own. A large body is not copied. */
export function frameOf(header: object, body: Buffer): Buffer[] {
  const text = JSON.stringify(header);
  const headerBytes = Buffer.byteLength(text);
  const head = Buffer.allocUnsafe(2 * numberBytes + headerBytes);
  head.writeUInt32BE(numberBytes + headerBytes + body.length, 0);
  head.writeUInt32BE(headerBytes, numberBytes);
  head.write(text, 2 * numberBytes);
  return body.length > mostCopiedBytes ? [head, body] : [Buffer.concat([head, body])];
}

export interface FrameReaderOptions {
  /** A frame of more is refused as soon as its length is there: no more than this is ever held. */
  readonly mostBytes: number;
  take(header: Readonly<Record<string, unknown>>, body: Buffer): void;
}

/** Puts a stream's pieces together to frames. */
export class FrameReader {
  readonly #options: FrameReaderOptions;
  #pieces: Buffer[] = [];
  #bytes = 0;
  /** How many bytes there must be before a look is worth it. */
  #wanted = numberBytes;

  constructor(options: FrameReaderOptions) {
    this.#options = options;
  }

  /** Hands over each frame that the piece completes. Throws where it is none: nothing after it can be read. */
  add(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    if (this.#bytes < this.#wanted) return;
    let rest = this.#pieces.length === 1 ? piece : Buffer.concat(this.#pieces);
    for (;;) {
      this.#wanted = numberBytes;
      if (rest.length < numberBytes) break;
      const length = rest.readUInt32BE(0);
      if (length > this.#options.mostBytes || length < numberBytes) throw new Error(`a frame of ${length} bytes`);
      this.#wanted = numberBytes + length;
      if (rest.length < this.#wanted) break;
      this.#take(rest.subarray(numberBytes, this.#wanted));
      rest = rest.subarray(this.#wanted);
    }
    this.#pieces = rest.length === 0 ? [] : [rest];
    this.#bytes = rest.length;
  }

  #take(frame: Buffer): void {
    const end = numberBytes + frame.readUInt32BE(0);
    if (end > frame.length) throw new Error('a header longer than its frame');
    const header: unknown = JSON.parse(frame.toString('utf8', numberBytes, end));
    if (typeof header !== 'object' || header === null) throw new Error('a header that is no object');
    this.#options.take(header as Record<string, unknown>, frame.subarray(end));
  }
}
