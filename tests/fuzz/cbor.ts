import type { Draw } from './draw.ts';
import type { Tree } from './mutate-tree.ts';

/** A tree in CBOR, in one of the ways RFC 8949 has for it: long heads, pieces, indefinite lists and maps, floats, tags. */
export function encodeCbor(draw: Draw, tree: Tree): Buffer {
  const parts: Buffer[] = [];
  item(draw, tree, parts);
  return Buffer.concat(parts);
}

function item(draw: Draw, tree: Tree, parts: Buffer[]): void {
  if (draw.once(60)) parts.push(head(draw, 6, draw.pick([0, 1, 2, 258])));
  if (tree === null) parts.push(Buffer.from([draw.pick([0xf6, 0xf7])]));
  else if (typeof tree === 'boolean') parts.push(Buffer.from([tree ? 0xf5 : 0xf4]));
  else if (typeof tree === 'number') number(draw, tree, parts);
  else if (typeof tree === 'string') pieces(draw, 3, Buffer.from(tree), parts);
  else if (Buffer.isBuffer(tree)) pieces(draw, 2, tree, parts);
  else inner(draw, tree, parts);
}

function inner(draw: Draw, tree: Tree[] | { [name: string]: Tree }, parts: Buffer[]): void {
  const isList = Array.isArray(tree);
  const entries = isList ? tree.map((value) => [value]) : Object.entries(tree);
  const isIndefinite = draw.once(6);
  parts.push(isIndefinite ? Buffer.from([isList ? 0x9f : 0xbf]) : head(draw, isList ? 4 : 5, entries.length));
  for (const entry of entries) for (const part of entry) item(draw, part, parts);
  if (isIndefinite) parts.push(Buffer.from([0xff]));
}

function number(draw: Draw, value: number, parts: Buffer[]): void {
  if (Number.isSafeInteger(value) && !draw.once(8)) {
    parts.push(value < 0 ? head(draw, 1, -1 - value) : head(draw, 0, value));
    return;
  }
  const bytes = Buffer.alloc(9, 0xfb);
  bytes.writeDoubleBE(value, 1);
  parts.push(bytes);
}

function pieces(draw: Draw, major: number, content: Buffer, parts: Buffer[]): void {
  if (!draw.once(12)) {
    parts.push(head(draw, major, content.length), content);
    return;
  }
  parts.push(Buffer.from([(major << 5) | 31]));
  for (let at = 0; at < content.length;) {
    const piece = content.subarray(at, at + 1 + draw.below(content.length));
    parts.push(head(draw, major, piece.length), piece);
    at += piece.length;
  }
  parts.push(Buffer.from([0xff]));
}

/** The shortest head that fits, or a longer one. */
function head(draw: Draw, major: number, argument: number): Buffer {
  const least = argument < 24 ? 0 : argument < 256 ? 1 : argument < 65_536 ? 2 : argument < 2 ** 32 ? 3 : 4;
  const size = draw.once(10) ? least + draw.below(5 - least) : least;
  if (size === 0) return Buffer.from([(major << 5) | argument]);
  const bytes = Buffer.alloc(1 + 2 ** (size - 1));
  bytes[0] = (major << 5) | (23 + size);
  if (size === 4) bytes.writeBigUInt64BE(BigInt(argument), 1);
  else bytes.writeUIntBE(argument, 1, bytes.length - 1);
  return bytes;
}
