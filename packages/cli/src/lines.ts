/** A line may become a record, and no stream takes a larger one (UpdateMaxRecordSize): it would only fill the memory. */
const mostBytes = 10 << 20;

/** A line without its end; undefined where it is longer than any record may be. `bytes` counts its end too. */
export interface Line {
  readonly data: Buffer | undefined;
  readonly bytes: number;
}

/**
 * The lines of an input, byte by byte as they are: ended by a line feed, or a carriage return and one, and by nothing else
 * (node:readline decodes as UTF-8, and takes U+2028, which JSON may contain, for the end of a line).
 */
export async function* byteLines(input: AsyncIterable<Uint8Array | string>): AsyncGenerator<Line> {
  let parts: Buffer[] = [];
  let bytes = 0;
  const take = (ending: number): Line => {
    const whole = bytes > mostBytes ? undefined : Buffer.concat(parts);
    const line = { data: whole?.at(-1) === 13 ? whole.subarray(0, -1) : whole, bytes: bytes + ending };
    [parts, bytes] = [[], 0];
    return line;
  };
  const keep = (part: Buffer): void => {
    bytes += part.length;
    if (bytes > mostBytes) parts = [];
    else parts.push(part);
  };
  for await (const chunk of input) {
    const buffer =
      typeof chunk === 'string' ? Buffer.from(chunk) : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    let from = 0;
    for (let at = buffer.indexOf(10); at >= 0; at = buffer.indexOf(10, from)) {
      keep(buffer.subarray(from, at));
      yield take(1);
      from = at + 1;
    }
    if (from < buffer.length) keep(buffer.subarray(from));
  }
  if (bytes > 0) yield take(0);
}
