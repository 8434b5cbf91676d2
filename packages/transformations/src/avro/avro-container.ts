import { inflateRawSync } from 'node:zlib';
import avro from 'avsc';
import type { Type } from 'avsc';
import { RecordError } from '../transformation.ts';
import { typeOf } from './avro-types.ts';

/*
 *   file    "Obj" 1, meta (a map of bytes: avro.schema, avro.codec), sync (16 bytes), block …
 *   block   values (long), size in bytes (long), the values, sync
 *
 * avsc reads files as streams, which end without a word where the file is cut, and inflates whatever it is given: a record is
 * read here, whole or not at all.
 */

const header = typeOf({
  type: 'record',
  name: 'Header',
  fields: [
    { name: 'magic', type: { type: 'fixed', name: 'Magic', size: 4 } },
    { name: 'meta', type: { type: 'map', values: 'bytes' } },
    { name: 'sync', type: { type: 'fixed', name: 'Sync', size: 16 } },
  ],
});
const long = typeOf('long');

interface Header {
  readonly magic: Buffer;
  readonly meta: Readonly<Record<string, Buffer>>;
  readonly sync: Buffer;
}

/** The values of an object container file (deflate or no compression) and their type. Throws Error for what is none, or is cut. */
export function readContainer(
  data: Buffer,
  mostBytes: number,
): { readonly type: Type; readonly values: readonly unknown[] } {
  const reader = new Reader(data);
  if (data.subarray(0, 4).toString('latin1') !== 'Obj\u0001') throw new RecordError('the record is no Avro file');
  const { meta, sync } = reader.next(header) as Header;
  const type = typeOf(JSON.parse(meta['avro.schema']?.toString() ?? ''));
  const codec = meta['avro.codec']?.toString() ?? 'null';
  if (codec !== 'null' && codec !== 'deflate') throw new RecordError(`the Avro file is compressed by ${codec}`);
  const values: unknown[] = [];
  let left = mostBytes;
  while (!reader.isAtEnd) {
    const count = Number(reader.next(long));
    const packed = reader.bytes(Number(reader.next(long)));
    const body = codec === 'null' ? packed : inflateRawSync(packed, { maxOutputLength: Math.max(1, left) });
    left -= body.length;
    if (!reader.bytes(sync.length).equals(sync)) throw new RecordError('a block of the Avro file is damaged');
    readBlock(body, count, (block) => values.push(block.next(type)));
  }
  return { type, values };
}

function readBlock(body: Buffer, count: number, read: (block: Reader) => void): void {
  // Values of no bytes do not come to an end: a few bytes would be read as billions of them.
  if (count > body.length) throw new RecordError('a block of the Avro file has other values than it counts');
  const block = new Reader(body);
  let index = 0;
  for (; index < count && !block.isAtEnd; index += 1) read(block);
  if (index !== count || !block.isAtEnd)
    throw new RecordError('a block of the Avro file has other values than it counts');
}

class Reader {
  readonly #data: Buffer;
  #at = 0;

  constructor(data: Buffer) {
    this.#data = data;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#data.length;
  }

  next(type: Type): unknown {
    const { value, offset }: { value: unknown; offset: number } = type.decode(this.#data, this.#at);
    if (offset < 0) throw new RecordError('the Avro file is cut');
    this.#at = offset;
    return value;
  }

  bytes(length: number): Buffer {
    const end = this.#at + length;
    if (length < 0 || end > this.#data.length) throw new RecordError('the Avro file is cut');
    const bytes = this.#data.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }
}

/** Such a file, deflated. */
export async function writeContainer(type: Type, values: readonly unknown[]): Promise<Buffer> {
  return await new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    const codecs = avro.streams.BlockEncoder.defaultCodecs();
    const encoder = new avro.streams.BlockEncoder(type, { codec: 'deflate', codecs });
    encoder
      .on('data', (piece: Buffer) => void pieces.push(piece))
      .on('error', reject)
      .on('end', () => resolve(Buffer.concat(pieces)));
    for (const value of values) encoder.write(value);
    encoder.end();
  });
}
