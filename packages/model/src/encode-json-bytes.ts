import type { JsonEncoder, JsonEncoderCompiler } from './encode-json.ts';
import type { Member, StructureShape } from './shapes.ts';

/**
 * The UTF-8 of a structure's JSON. A list of elements with blobs is written element by element: gathered in one string,
 * megabytes would have to be made flat before they can be written, at twice the cost (benchmarks/model.ts).
 */
export function jsonBytesEncoder(shape: StructureShape, compiler: JsonEncoderCompiler): (value: unknown) => Buffer {
  const whole = compiler.encoder(shape);
  for (const { name, shape: part } of shape.members) {
    if (part.type !== 'list' || part.element.type !== 'structure') continue;
    if (!part.element.members.some(isBlob)) continue;
    return blobListEncoder({ whole, name, element: compiler.encoder(part.element) });
  }
  return (value) => Buffer.from(whole(value));
}

function isBlob(member: Member): boolean {
  return member.shape.type === 'blob';
}

interface BlobList {
  /** Encodes the structure that has the list. */
  readonly whole: JsonEncoder;
  /** The member that is the list. */
  readonly name: string;
  readonly element: JsonEncoder;
}

function blobListEncoder({ whole, name, element }: BlobList): (value: unknown) => Buffer {
  return (value) => {
    const list = (value as Record<string, unknown>)[name] as readonly unknown[] | null | undefined;
    if (list === undefined || list === null || list.length === 0) return Buffer.from(whole(value));
    const rest = whole({ ...(value as object), [name]: undefined });
    // The rest without its closing brace, then the list as the last member: to a reader of JSON it is the same object.
    const head = `${rest.slice(0, -1)}${rest === '{}' ? '' : ','}${JSON.stringify(name)}:[`;
    let text = element(list[0]);
    // Room for the others as if they were like the first; where they are longer, it grows.
    const expectedBytes = head.length + text.length * list.length * 1.1;
    let target: Buffer = Buffer.allocUnsafeSlow(Math.ceil(expectedBytes) + 1024);
    let used = 0;
    text = head + text;
    for (let at = 1; at <= list.length; at += 1) {
      // A UTF-16 unit takes at most three bytes; one more for each bracket at the end.
      const needed = used + text.length * 3 + 2;
      if (needed > target.length) target = grown(target, used, needed);
      used += target.utf8Write(text, used, target.length - used);
      if (at < list.length) text = `,${element(list[at])}`;
    }
    target[used] = 0x5d;
    target[used + 1] = 0x7d;
    return target.subarray(0, used + 2);
  };
}

function grown(full: Buffer, used: number, needed: number): Buffer {
  const larger = Buffer.allocUnsafeSlow(Math.max(needed, full.length * 2));
  full.copy(larger, 0, 0, used);
  return larger;
}

declare global {
  interface Buffer {
    /** Writes a text as UTF-8; the number of bytes written. What Buffer.write calls, without its look at the encoding. */
    utf8Write(text: string, offset: number, length: number): number;
  }
}
