import type { Room, Shape } from '@millrace/model';
import type { CborTimestamps } from './cbor-reader.ts';

type Write = (to: Output, value: never) => void;

/** What compiling one writer shares: the shapes that are compiled or being compiled, and how a timestamp is written. */
interface Compilation {
  readonly known: Map<Shape, { write: Write }>;
  readonly timestamp: Write;
}

/** Writes a value of its shape, in memory from `room` when it is large. */
export type CborWriter = (value: unknown, room?: Room) => Buffer;

/**
 * Compiles a writer for a shape: definite lengths, blobs as byte strings, absent members left out, timestamps as tag 1 and
 * whole milliseconds (AWS's x-amz-cbor-1.1), or seconds, with a fraction where there is one (rpc-v2-cbor). A value must be
 * of its shape. The buffer is the caller's own.
 */
export function compileCborWriter(shape: Shape, timestamps: CborTimestamps = 'milliseconds'): CborWriter {
  const timestamp = timestamps === 'seconds' ? writeSeconds : writeMilliseconds;
  const write = compile(shape, { known: new Map(), timestamp });
  // What is written next is likely as long as the last: growing step by step would copy all of it once more.
  let usualBytes = 0;
  return (value, room) => {
    const output = new Output(room, usualBytes);
    write(output, value as never);
    const bytes = output.finish();
    usualBytes = bytes.length;
    return bytes;
  };
}

function writeMilliseconds(to: Output, ms: number): void {
  to.byte(0xc1);
  to.integer(Math.round(ms));
}

function writeSeconds(to: Output, ms: number): void {
  to.byte(0xc1);
  const seconds = Math.round(ms) / 1000;
  if (Number.isInteger(seconds)) to.integer(seconds);
  else to.double(seconds);
}

function compile(shape: Shape, compilation: Compilation): Write {
  const present = compilation.known.get(shape);
  // A shape that contains itself is called through its holder, which is filled when it is compiled.
  if (present !== undefined) return (to, value) => present.write(to, value);
  const holder = { write: (() => undefined) as Write };
  compilation.known.set(shape, holder);
  holder.write = compileNew(shape, compilation);
  return holder.write;
}

function compileNew(shape: Shape, compilation: Compilation): Write {
  switch (shape.type) {
    case 'structure': {
      const members = shape.members.map(({ name, shape: member }) => ({
        name,
        key: textBytes(name),
        write: compile(member, compilation),
      }));
      return (to, value: Readonly<Record<string, unknown>>) => {
        let count = 0;
        for (const { name } of members) if (value[name] !== undefined && value[name] !== null) count += 1;
        to.head(5, count);
        for (const { name, key, write } of members) {
          const member = value[name];
          if (member === undefined || member === null) continue;
          to.raw(key);
          write(to, member as never);
        }
      };
    }
    case 'list': {
      const write = compile(shape.element, compilation);
      return (to, value: readonly unknown[]) => {
        to.head(4, value.length);
        for (const element of value) write(to, element as never);
      };
    }
    case 'map': {
      const write = compile(shape.value, compilation);
      return (to, value: Readonly<Record<string, unknown>>) => {
        const keys = Object.keys(value);
        to.head(5, keys.length);
        for (const key of keys) {
          to.text(key);
          write(to, value[key] as never);
        }
      };
    }
    case 'blob':
      return (to, value: Uint8Array) => to.bytes(value);
    case 'boolean':
      return (to, value: boolean) => to.byte(value ? 0xf5 : 0xf4);
    case 'timestamp':
      return compilation.timestamp;
    case 'integer':
    case 'long':
      return (to, value: number) => to.integer(value);
    case 'float':
    case 'double':
      return (to, value: number) => to.double(value);
    default:
      return (to, value: string) => to.text(value);
  }
}

function textBytes(text: string): Buffer {
  const output = new Output();
  output.text(text);
  return output.finish();
}

/** From this length on a buffer is worth being borrowed. */
const largeBytes = 64 << 10;

/** A buffer that doubles. */
class Output {
  readonly #more: Room;
  #bytes: Buffer;
  #at = 0;

  constructor(more: Room = Buffer.allocUnsafe, expectedBytes = 0) {
    this.#more = more;
    this.#bytes = expectedBytes < largeBytes ? Buffer.allocUnsafe(512) : more(expectedBytes + (expectedBytes >> 4));
  }

  #room(length: number): void {
    if (this.#bytes.length - this.#at >= length) return;
    const wanted = Math.max(this.#bytes.length * 2, this.#at + length);
    const larger = wanted < largeBytes ? Buffer.allocUnsafe(wanted) : this.#more(wanted);
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }

  byte(value: number): void {
    this.#room(1);
    this.#bytes[this.#at++] = value;
  }

  head(major: number, argument: number): void {
    this.#room(9);
    const top = major << 5;
    if (argument < 24) this.#bytes[this.#at++] = top | argument;
    else if (argument < 0x100) {
      this.#bytes[this.#at++] = top | 24;
      this.#bytes[this.#at++] = argument;
    } else if (argument < 0x10000) {
      this.#bytes[this.#at++] = top | 25;
      this.#at = this.#bytes.writeUInt16BE(argument, this.#at);
    } else if (argument < 2 ** 32) {
      this.#bytes[this.#at++] = top | 26;
      this.#at = this.#bytes.writeUInt32BE(argument, this.#at);
    } else {
      this.#bytes[this.#at++] = top | 27;
      this.#at = this.#bytes.writeUInt32BE(Math.floor(argument / 2 ** 32), this.#at);
      this.#at = this.#bytes.writeUInt32BE(argument % 2 ** 32, this.#at);
    }
  }

  integer(value: number): void {
    if (value < 0) this.head(1, -1 - value);
    else this.head(0, value);
  }

  double(value: number): void {
    this.#room(9);
    this.#bytes[this.#at++] = 0xfb;
    this.#at = this.#bytes.writeDoubleBE(value, this.#at);
  }

  raw(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  bytes(value: Uint8Array): void {
    this.head(2, value.length);
    this.raw(value);
  }

  text(value: string): void {
    const length = Buffer.byteLength(value);
    this.head(3, length);
    this.#room(length);
    this.#at += this.#bytes.write(value, this.#at);
  }

  finish(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }
}
