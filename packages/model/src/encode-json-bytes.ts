import type { JsonEncoder, JsonEncoderCompiler } from './encode-json.ts';
import type { Member, Room, StructureShape } from './shapes.ts';

/**
 * The UTF-8 of a structure's JSON, in memory from `room` when it is large. A list of elements with blobs is written element by element: gathered in one string,
 * megabytes would have to be made flat before they can be written, at twice the cost (benchmarks/model.ts).
 */
export function jsonBytesEncoder(
  shape: StructureShape,
  compiler: JsonEncoderCompiler,
): (value: unknown, room?: Room) => Buffer {
  const whole = compiler.encoder(shape);
  for (const { name, shape: part } of shape.members) {
    if (part.type !== 'list' || part.element.type !== 'structure') continue;
    if (!part.element.members.some(isBlob)) continue;
    const { members } = part.element;
    const blob = members.find(isBlob)!.name;
    const rest = compiler.encoder({ ...part.element, members: members.filter((member) => member.name !== blob) });
    return blobListEncoder({ whole, name, blob, rest });
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
  /** The member of its elements that is a blob. */
  readonly blob: string;
  /** Encodes an element without it. */
  readonly rest: JsonEncoder;
}

/**
 * Each element begins with its blob, whose base64 is written by itself: as a part of the element's text it would be copied
 * twice more (flattened, then looked through for what is not ASCII).
 */
function blobListEncoder({ whole, name, blob, rest }: BlobList): (value: unknown, room?: Room) => Buffer {
  const opening = `{${JSON.stringify(blob)}:"`;
  return (value, room = Buffer.allocUnsafeSlow) => {
    const list = (value as Record<string, unknown>)[name] as readonly Record<string, unknown>[] | null | undefined;
    if (list === undefined || list === null || list.length === 0) return Buffer.from(whole(value));
    const others = whole({ ...(value as object), [name]: undefined });
    // The others without their closing brace, then the list as the last member: to a reader of JSON it is the same object.
    let text = `${others.slice(0, -1)}${others === '{}' ? '' : ','}${JSON.stringify(name)}:[`;
    let target: Buffer = room(expectedBytes(list, blob) + text.length * 3);
    let used = 0;
    for (const element of list) {
      const bytes = element[blob] as Buffer | null | undefined;
      const after = rest(element);
      const blobChars = bytes === undefined || bytes === null ? 0 : Math.ceil(bytes.length / 3) * 4;
      // A UTF-16 unit takes at most three bytes; the rest is quotes, commas and the brackets at the end.
      const needed = used + (text.length + after.length) * 3 + blobChars + opening.length + 8;
      if (needed > target.length) target = grown(target, used, room(Math.max(needed, target.length * 2)));
      if (bytes === undefined || bytes === null) text += after;
      else {
        used += target.utf8Write(text + opening, used, target.length - used);
        used += target.latin1Write(bytes.base64Slice(0, bytes.length), used, blobChars);
        text = after === '{}' ? '"}' : `",${after.slice(1)}`;
      }
      used += target.utf8Write(text, used, target.length - used);
      text = ',';
    }
    target[used] = 0x5d;
    target[used + 1] = 0x7d;
    return target.subarray(0, used + 2);
  };
}

/** Room for the blobs, and for a usual record's other members; where they are longer, it grows. */
function expectedBytes(list: readonly Record<string, unknown>[], blob: string): number {
  let bytes = 1024;
  for (const element of list) bytes += ((element[blob] as Buffer | null | undefined)?.length ?? 0) * 1.34 + 200;
  return Math.ceil(bytes);
}

function grown(full: Buffer, used: number, larger: Buffer): Buffer {
  full.copy(larger, 0, 0, used);
  return larger;
}

declare global {
  interface Buffer {
    /** Writes a text; the number of bytes written. What Buffer.write and toString call, without their look at the encoding. */
    utf8Write(text: string, offset: number, length: number): number;
    latin1Write(text: string, offset: number, length: number): number;
    base64Slice(start: number, end: number): string;
  }
}
