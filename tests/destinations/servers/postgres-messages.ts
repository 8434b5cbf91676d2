/**
 * Messages of PostgreSQL's wire protocol, version 3 ("Frontend/Backend Protocol" of its manual): a type, the length of what
 * follows with the length itself in it, the body.
 */
export interface Message {
  readonly type: string;
  readonly body: Buffer;
  /** As it came. */
  readonly bytes: Buffer;
}

/** The messages of a connection, one by one. The first of a client has no type: `hasStartup` gives it an empty one. */
export async function* messagesOf(chunks: AsyncIterable<Buffer>, hasStartup: boolean): AsyncGenerator<Message> {
  let rest: Buffer = Buffer.alloc(0);
  let isStartup = hasStartup;
  for await (const chunk of chunks) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (;;) {
      const lengthAt = isStartup ? 0 : 1;
      if (rest.length < lengthAt + 4) break;
      const end = lengthAt + rest.readUInt32BE(lengthAt);
      if (rest.length < end) break;
      const type = isStartup ? '' : String.fromCharCode(rest[0]!);
      const message = { type, body: rest.subarray(lengthAt + 4, end), bytes: rest.subarray(0, end) };
      rest = rest.subarray(end);
      // What asks for encryption comes before the startup itself.
      isStartup &&= isEncryptionRequest(message);
      yield message;
    }
  }
}

const sslRequest = 80_877_103;
const gssRequest = 80_877_104;

export function isEncryptionRequest(message: Message): boolean {
  return isSslRequest(message) || (message.body.length === 4 && message.body.readUInt32BE() === gssRequest);
}

export function isSslRequest({ type, body }: Message): boolean {
  return type === '' && body.length === 4 && body.readUInt32BE() === sslRequest;
}

export function messageBytes(type: string, body: Buffer | string): Buffer {
  const bytes = typeof body === 'string' ? Buffer.from(`${body}\0`) : body;
  const head = Buffer.alloc(5);
  head.write(type, 'latin1');
  head.writeUInt32BE(bytes.length + 4, 1);
  return Buffer.concat([head, bytes]);
}

/** The fields of an ErrorResponse or NoticeResponse: S severity, C code, M message, D detail and so on. */
export type Fields = ReadonlyMap<string, string>;

export function fieldsOf({ body }: Message): Fields {
  const texts = body.toString().split('\0');
  return new Map(texts.filter((text) => text !== '').map((text) => [text[0]!, text.slice(1)]));
}

export function fieldBytes(type: 'E' | 'N', fields: Fields): Buffer {
  const texts = [...fields].map(([name, value]) => `${name}${value}\0`);
  return messageBytes(type, Buffer.from(`${texts.join('')}\0`));
}

/** The names in a RowDescription. */
export function columnsOf({ body }: Message): string[] {
  const names: string[] = [];
  for (let at = 2; names.length < body.readUInt16BE(0);) {
    const end = body.indexOf(0, at);
    names.push(body.toString('utf8', at, end));
    // Table, column, type, length, modifier, format.
    at = end + 1 + 18;
  }
  return names;
}
