const [quote, backslash, openBrace, closeBrace, openBracket, closeBracket] = Buffer.from('"\\{}[]');

/**
 * The JSON objects of a record that holds several: one after the other, with white space or nothing between them, or the elements
 * of one array.
 *
 *   record = object* | "[" object ("," object)* "]"
 *
 * Undefined where it is neither. The objects' insides are not looked at: they are cut out as they stand.
 */
export function splitJson(data: Buffer): Buffer[] | undefined {
  const found: Buffer[] = [];
  const text = trimmed(data);
  const isArray = text[0] === openBracket;
  if (isArray && text.at(-1) !== closeBracket) return undefined;
  const body = isArray ? text.subarray(1, -1) : text;
  let at = 0;
  while (at < body.length) {
    if (isBetween(body[at]!, isArray)) {
      at += 1;
      continue;
    }
    const end = body[at] === openBrace ? endOfObject(body, at) : undefined;
    if (end === undefined) return undefined;
    found.push(body.subarray(at, end));
    at = end;
  }
  return found;
}

/** Behind the brace that closes the one at `start`; undefined where there is none. */
function endOfObject(body: Buffer, start: number): number | undefined {
  let depth = 0;
  let isText = false;
  for (let at = start; at < body.length; at += 1) {
    const byte = body[at]!;
    if (isText) {
      if (byte === backslash) at += 1;
      else if (byte === quote) isText = false;
    } else if (byte === quote) isText = true;
    else if (byte === openBrace) depth += 1;
    else if (byte === closeBrace) {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return undefined;
}

function isBetween(byte: number, isArray: boolean): boolean {
  return isSpace(byte) || (isArray && byte === 0x2c);
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}

function trimmed(data: Buffer): Buffer {
  let [start, end] = [0, data.length];
  while (start < end && isSpace(data[start]!)) start += 1;
  while (end > start && isSpace(data[end - 1]!)) end -= 1;
  return data.subarray(start, end);
}
