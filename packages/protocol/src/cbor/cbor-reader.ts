/** The bytes are not one whole, valid CBOR item. */
export class CborError extends Error {}

const deepest = 64;

/**
 * Reads one CBOR item (RFC 8949) as Kinesis clients send it: maps with text keys, byte strings copied out of `bytes`, tag 1 as
 * a Date from MILLISECONDS (AWS's way, against the RFC: aws-sdk-java-v2#4661). Throws CborError on anything malformed.
 */
export function readCbor(bytes: Buffer): unknown {
  const reader = new Reader(bytes);
  const value = reader.item(0);
  if (reader.at !== bytes.length) throw new CborError('bytes behind the item');
  return value;
}

const stop = Symbol('break');

class Reader {
  readonly #bytes: Buffer;
  at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
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
    const argument = this.#argument(info);
    switch (major) {
      case 0:
        return argument;
      case 1:
        return -1 - argument;
      case 2:
        return Buffer.from(this.#bytes.subarray(this.#take(argument), this.at));
      case 3:
        return this.#bytes.toString('utf8', this.#take(argument), this.at);
      case 4:
        return this.#list(argument, depth);
      case 5:
        return this.#map(argument, depth);
      default: {
        const content = this.item(depth + 1);
        if (argument !== 1) return content;
        if (typeof content !== 'number') throw new CborError('a timestamp that is no number');
        return new Date(content);
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
    if (info === 27) return Number(this.#bytes.readBigUInt64BE(this.#take(8)));
    throw new CborError('a reserved length');
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
    // Every item takes a byte at least: a length beyond the bytes that are left is refused before it costs memory.
    if (length > this.#bytes.length - this.at) throw new CborError('ends too early');
    const list = new Array<unknown>(length);
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
    const items: unknown[] = [];
    if (major < 2 || major === 6) throw new CborError('an indefinite length where none can be');
    const map: Record<string, unknown> = {};
    for (let item = this.#itemOrBreak(depth + 1); item !== stop; item = this.#itemOrBreak(depth + 1)) {
      if (major === 5) this.#entry(map, item, depth);
      else items.push(item);
    }
    if (major === 5) return map;
    if (major === 4) return items;
    if (major === 2 && items.every((item) => Buffer.isBuffer(item))) return Buffer.concat(items);
    if (major === 3 && items.every((item) => typeof item === 'string')) return items.join('');
    throw new CborError('pieces of another type');
  }
}

function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}
