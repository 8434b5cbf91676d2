import { crc32 } from 'node:zlib';

/*
 * AWS's event stream framing (application/vnd.amazon.eventstream), big-endian:
 *
 *   message = totalLength u32 | headersLength u32 | crc of the eight bytes u32 | header* | payload | crc of all before u32
 *   header  = nameLength u8 | name | 7 | valueLength u16 | value          (7: a text, the only type used here)
 */
const preludeLength = 12;

/** One message in one buffer. Header names are ASCII, up to 255 bytes, values up to 65,535: longer ones are a RangeError. */
export function encodeFrame(headers: Readonly<Record<string, string>>, payload: Buffer): Buffer {
  const names = Object.keys(headers);
  let headersLength = 0;
  for (const name of names) headersLength += 1 + name.length + 3 + Buffer.byteLength(headers[name]!);
  const total = preludeLength + headersLength + payload.length + 4;
  const bytes = Buffer.allocUnsafe(total);
  bytes.writeUInt32BE(total, 0);
  bytes.writeUInt32BE(headersLength, 4);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 8)), 8);
  let at = preludeLength;
  for (const name of names) {
    bytes.writeUInt8(name.length, at);
    at += 1 + bytes.write(name, at + 1, 'latin1');
    bytes[at] = 7;
    const length = bytes.write(headers[name]!, at + 3);
    bytes.writeUInt16BE(length, at + 1);
    at += 3 + length;
  }
  payload.copy(bytes, at);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, total - 4)), total - 4);
  return bytes;
}

/**
 * The first message of `bytes`; undefined while it is not whole. The payload is a view of `bytes`. Throws on a wrong checksum,
 * on lengths that do not fit each other and on a header type other than text.
 */
export function decodeFrame(
  bytes: Buffer,
): { headers: Record<string, string>; payload: Buffer; length: number } | undefined {
  if (bytes.length < preludeLength) return undefined;
  const total = bytes.readUInt32BE(0);
  const headersEnd = preludeLength + bytes.readUInt32BE(4);
  if (crc32(bytes.subarray(0, 8)) !== bytes.readUInt32BE(8)) throw new Error('event stream: the prelude is damaged');
  if (headersEnd > total - 4) throw new Error('event stream: the headers are longer than the message');
  if (bytes.length < total) return undefined;
  if (crc32(bytes.subarray(0, total - 4)) !== bytes.readUInt32BE(total - 4))
    throw new Error('event stream: the message is damaged');
  const headers = readHeaders(bytes.subarray(preludeLength, headersEnd));
  return { headers, payload: bytes.subarray(headersEnd, total - 4), length: total };
}

function readHeaders(bytes: Buffer): Record<string, string> {
  const entries: [string, string][] = [];
  for (let at = 0; at < bytes.length;) {
    const nameEnd = at + 1 + bytes[at]!;
    if (nameEnd + 3 > bytes.length) throw new Error('event stream: a header ends too early');
    if (bytes[nameEnd] !== 7) throw new Error(`event stream: header type ${bytes[nameEnd]} is not a text`);
    const valueEnd = nameEnd + 3 + bytes.readUInt16BE(nameEnd + 1);
    if (valueEnd > bytes.length) throw new Error('event stream: a header ends too early');
    entries.push([bytes.toString('latin1', at + 1, nameEnd), bytes.toString('utf8', nameEnd + 3, valueEnd)]);
    at = valueEnd;
  }
  return Object.fromEntries(entries);
}
