import type { Draw } from './draw.ts';

const edges = [0, 1, 0x1f, 0x20, 0x22, 0x5c, 0x7f, 0x80, 0xbf, 0xc0, 0xfe, 0xff];
const wide = [0, 1, 0x7f, 0xff, 0x100, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff];

/** A copy of `bytes` with one to four changes; `tokens` are texts, a byte a character, that its format knows. */
export function mutateBytes(draw: Draw, bytes: Buffer, tokens: readonly string[]): Buffer {
  let changed: Buffer = Buffer.from(bytes);
  for (let left = 1 + draw.below(4); left > 0; left -= 1) changed = change(draw, changed, tokens);
  return changed;
}

function change(draw: Draw, bytes: Buffer, tokens: readonly string[]): Buffer {
  const at = draw.below(bytes.length + 1);
  const end = Math.min(bytes.length, at + draw.below(draw.once(4) ? bytes.length + 1 : 12));
  const [before, span, after] = [bytes.subarray(0, at), bytes.subarray(at, end), bytes.subarray(end)];
  switch (draw.below(8)) {
    case 0:
      return before;
    case 1:
      return Buffer.concat([before, after]);
    case 2:
      return Buffer.concat([before, span, span, after]);
    case 3:
      return Buffer.concat([before, Buffer.from(draw.pick(tokens), 'latin1'), after]);
    case 4: {
      // A span of itself in another place, as after a misdirected write.
      const from = draw.below(bytes.length + 1);
      return Buffer.concat([before, bytes.subarray(from, from + span.length), after]);
    }
    case 5: {
      if (bytes.length < at + 4) return bytes;
      if (draw.once(2)) bytes.writeUInt32BE(draw.pick(wide), at);
      else bytes.writeUInt32LE(draw.pick(wide), at);
      return bytes;
    }
    case 6:
      if (at < bytes.length) bytes[at]! ^= 1 << draw.below(8);
      return bytes;
    default:
      if (at < bytes.length) bytes[at] = draw.once(2) ? draw.pick(edges) : draw.below(256);
      return bytes;
  }
}
