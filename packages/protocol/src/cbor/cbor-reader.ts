import { isUtf8 } from 'node:buffer';

/** The bytes are not one whole, valid CBOR item. */
export class CborError extends Error {}

/** What a number under tag 1 counts: AWS's x-amz-cbor-1.1 milliseconds, RFC 8949 and rpc-v2-cbor seconds. */
export type CborTimestamps = 'milliseconds' | 'seconds';

const deepest = 64;

/** The farthest moments that a Date holds, in milliseconds: Java's reach farther, so later ones are held to it. */
const farthestMs = 8.64e15;

/** Lists beyond this grow as their items arrive, so that heads which only claim to be long cost nothing. */
const roomAhead = 1024;

const noBytes = Buffer.alloc(0);

/**
 * Reads one CBOR item (RFC 8949) as Kinesis clients send it:
 *
 *   item  = integer | float | bytes | text | list | map | tag item | false | true | null | undefined
 *   bytes, text, list, map: of definite length, or pieces and items up to a break (0xff)
 *
 * Maps have text keys, the last of equal ones counts. Byte strings are copied out of `bytes`. Integers are numbers while
 * safe, bigints beyond. Undefined reads as null. Tag 1 is a Date, from whole MILLISECONDS unless `timestamps` says seconds
 * (AWS's way, against the RFC: aws-sdk-java-v2#4661); other tags pass their content. Throws CborError on anything else.
 */
export function readCbor(bytes: Buffer, { timestamps }: { timestamps?: CborTimestamps } = {}): unknown {
  const reader = new Reader(bytes, timestamps === 'seconds' ? 1000 : 1);
  const value = reader.item(0);
  if (reader.at !== bytes.length) throw new CborError('bytes behind the item');
  return value;
}

const stop = Symbol('break');

class Reader {
  readonly #bytes: Buffer;
  readonly #msPerUnit: number;
  at = 0;

  constructor(bytes: Buffer, msPerUnit: number) {
    this.#bytes = bytes;
    this.#msPerUnit = msPerUnit;
  }

  item(depth: number): unknown {
    const value = this.#itemOrBreak(depth);
    if (value === stop) throw new CborError('a break without a beginning');
    return value;
  }

  #itemOrBreak(depth: number): unknown {
    if (depth > deepest) throw new CborError('nested too deeply');
    const initial = this.#take(1);
    const head = this.#bytes[initial]!;
    const major = head >> 5;
    const info = head & 31;
    if (major === 7) return this.#simple(info);
    if (info === 31) return this.#indefinite(major, depth);
    if (info === 27 && major < 2) return this.#long(major);
    const argument = this.#argument(info);
    switch (major) {
      case 0:
        return argument;
      case 1:
        return -1 - argument;
      case 2:
        if (argument === 0) return noBytes;
        return Buffer.from(this.#bytes.subarray(this.#take(argument), this.at));
      case 3:
        return this.#text(this.#take(argument), this.at);
      case 4:
        return this.#list(argument, depth);
      case 5:
        return this.#map(argument, depth);
      default: {
        const content = this.item(depth + 1);
        return argument === 1 ? this.#moment(content) : content;
      }
    }
  }

  #take(length: number): number {
    const start = this.at;
    if (length > this.#bytes.length - start) throw new CborError('ends too early');
    this.at = start + length;
    return start;
  }

  #argument(info: number): number {
    if (info < 24) return info;
    if (info === 24) return this.#bytes[this.#take(1)]!;
    if (info === 25) return this.#bytes.readUInt16BE(this.#take(2));
    if (info === 26) return this.#bytes.readUInt32BE(this.#take(4));
    if (info === 27) {
      // Inexact beyond 2 ** 53, where a length is refused and a tag is only told from 1.
      const at = this.#take(8);
      return this.#bytes.readUInt32BE(at) * 2 ** 32 + this.#bytes.readUInt32BE(at + 4);
    }
    throw new CborError('a reserved length');
  }

  #long(major: number): number | bigint {
    const argument = this.#argument(27);
    const value = major === 0 ? argument : -1 - argument;
    if (Number.isSafeInteger(value)) return value;
    const exact = this.#bytes.readBigUInt64BE(this.at - 8);
    return major === 0 ? exact : -1n - exact;
  }

  #text(start: number, end: number): string {
    const text = this.#bytes.toString('utf8', start, end);
    // Damaged UTF-8 reads as U+FFFD: only a text with one in it has to be looked at again.
    if (text.includes('\ufffd') && !isUtf8(this.#bytes.subarray(start, end))) throw new CborError('text not in UTF-8');
    return text;
  }

  #moment(content: unknown): Date {
    if (typeof content !== 'number' && typeof content !== 'bigint')
      throw new CborError('a timestamp that is no number');
    const ms = Number(content) * this.#msPerUnit;
    if (!Number.isFinite(ms)) throw new CborError('a timestamp that is no moment');
    if (this.#msPerUnit === 1 && !Number.isInteger(ms)) throw new CborError('a timestamp in parts of a millisecond');
    return new Date(Math.min(Math.max(Math.round(ms), -farthestMs), farthestMs));
  }

  #simple(info: number): unknown {
    if (info === 20 || info === 21) return info === 21;
    if (info === 22 || info === 23) return null;
    if (info === 25) return half(this.#bytes.readUInt16BE(this.#take(2)));
    if (info === 26) return this.#bytes.readFloatBE(this.#take(4));
    if (info === 27) return this.#bytes.readDoubleBE(this.#take(8));
    if (info === 31) return stop;
    throw new CborError('an unknown simple value');
  }

  #list(length: number, depth: number): unknown[] {
    // Every item takes a byte at least.
    if (length > this.#bytes.length - this.at) throw new CborError('ends too early');
    const list = new Array<unknown>(Math.min(length, roomAhead));
    for (let index = 0; index < length; index += 1) list[index] = this.item(depth + 1);
    return list;
  }

  #map(length: number, depth: number): Record<string, unknown> {
    const map: Record<string, unknown> = {};
    for (let index = 0; index < length; index += 1) this.#entry(map, this.item(depth + 1), depth);
    return map;
  }

  #entry(map: Record<string, unknown>, key: unknown, depth: number): void {
    if (typeof key !== 'string') throw new CborError('a key that is no text');
    const value = this.item(depth + 1);
    if (key === '__proto__')
      Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
    else map[key] = value;
  }

  #indefinite(major: number, depth: number): unknown {
    if (major === 2 || major === 3) return this.#pieces(major);
    if (major < 2 || major === 6) throw new CborError('an indefinite length where none can be');
    const items: unknown[] = [];
    const map: Record<string, unknown> = {};
    for (let item = this.#itemOrBreak(depth + 1); item !== stop; item = this.#itemOrBreak(depth + 1)) {
      if (major === 5) this.#entry(map, item, depth);
      else items.push(item);
    }
    return major === 5 ? map : items;
  }

  /** Pieces are of the string's own type and of definite length; each piece of a text is UTF-8 by itself. */
  #pieces(major: number): Buffer | string {
    const spans: number[] = [];
    let length = 0;
    for (let head = this.#bytes[this.#take(1)]!; head !== 0xff; head = this.#bytes[this.#take(1)]!) {
      if (head >> 5 !== major) throw new CborError('pieces of another type');
      const start = this.#take(this.#argument(head & 31));
      spans.push(start, this.at);
      length += this.at - start;
    }
    const whole = Buffer.allocUnsafe(major === 2 ? length : 0);
    let text = '';
    for (let index = 0, at = 0; index < spans.length; index += 2) {
      if (major === 3) text += this.#text(spans[index]!, spans[index + 1]!);
      else at += this.#bytes.copy(whole, at, spans[index], spans[index + 1]);
    }
    return major === 2 ? whole : text;
  }
}

function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}
