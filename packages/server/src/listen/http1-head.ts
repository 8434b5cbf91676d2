/*
 * The head of an HTTP/1.x request (RFC 9112), strictly: what two parsers might read in two ways is refused, so that nothing
 * can be smuggled past a proxy in front of this server.
 *
 *   head    = method SP target SP version CRLF (name ":" OWS value OWS CRLF)* CRLF
 *   method  = one of those served        target = "/" … | "http://" host "/" … | "*"      version = "HTTP/1.0" | "HTTP/1.1"
 *   name    = token                      value  = visible characters, bytes above 7f (as latin1), SP and HTAB inside
 *
 * Refused with 400: bare CR or LF, folded lines, space before the colon, control characters, Content-Length that is not all
 * digits or comes twice, Content-Length beside Transfer-Encoding, any coding but chunked, no Host or two of them.
 */
export interface Head {
  readonly method: string;
  /** As sent, without the query. */
  readonly path: string;
  readonly query: string;
  readonly version: '1.0' | '1.1';
  /** Names in lower case, repeated ones joined by ', '; of those that must be single the first counts, as in node:http. */
  readonly headers: Readonly<Record<string, string>>;
  /** Bytes of the body; undefined when it comes in chunks. */
  readonly contentLength: number | undefined;
  readonly keepAlive: boolean;
  readonly expectsContinue: boolean;
}

/** Why a request is not read any further; its connection ends with `status`. */
export class FramingError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const methods = new Set(['POST', 'GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'PATCH']);
const single = new Set([
  'age',
  'authorization',
  'content-type',
  'etag',
  'expires',
  'from',
  'if-modified-since',
  'if-unmodified-since',
  'last-modified',
  'location',
  'max-forwards',
  'proxy-authorization',
  'referer',
  'retry-after',
  'server',
  'user-agent',
]);
const refusedTwice = new Set(['content-length', 'host', 'transfer-encoding']);
// eslint-disable-next-line no-control-regex -- these are what must not be there
const forbidden = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|(?<!\r)\n/;
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Names seen so far, by their spelling: clients send the same dozen again and again. Bounded, for those who do not. */
const names = new Map<string, string>();
const maxNames = 500;

/** Reads a head without its last CRLF CRLF, given as latin1. Throws FramingError. */
export function parseHead(text: string): Head {
  if (forbidden.test(text)) throw new FramingError(400, 'a control character in the head');
  let lineEnd = text.indexOf('\r\n');
  if (lineEnd === -1) lineEnd = text.length;
  const { method, target, version } = parseRequestLine(text.slice(0, lineEnd));
  const headers = parseHeaders(text, lineEnd + 2);
  const { host, connection } = headers;
  if (host === undefined && version === '1.1') throw new FramingError(400, 'no Host');
  const { path, query } = splitTarget(target, method);
  const options = connection === undefined ? '' : connection.toLowerCase();
  const closes = options !== '' && /(^|,)[ \t]*close[ \t]*(,|$)/.test(options);
  const keeps = options !== '' && /(^|,)[ \t]*keep-alive[ \t]*(,|$)/.test(options);
  return {
    method,
    path,
    query,
    version,
    headers,
    contentLength: bodyLength(headers, version),
    keepAlive: !closes && (version === '1.1' || keeps),
    expectsContinue: version === '1.1' && expectsContinue(headers['expect']),
  };
}

function expectsContinue(expectation: string | undefined): boolean {
  if (expectation === undefined) return false;
  if (expectation.toLowerCase() !== '100-continue') throw new FramingError(417, 'an unknown expectation');
  return true;
}

function parseRequestLine(line: string): { method: string; target: string; version: '1.0' | '1.1' } {
  const first = line.indexOf(' ');
  const second = line.indexOf(' ', first + 1);
  const method = line.slice(0, first);
  const target = line.slice(first + 1, second);
  if (first === -1 || second === -1 || target === '' || !methods.has(method))
    throw new FramingError(400, 'the request line');
  switch (line.slice(second + 1)) {
    case 'HTTP/1.1':
      return { method, target, version: '1.1' };
    case 'HTTP/1.0':
      return { method, target, version: '1.0' };
    default:
      throw new FramingError(400, 'the version');
  }
}

function parseHeaders(text: string, from: number): Record<string, string> {
  const headers = { __proto__: null } as unknown as Record<string, string>;
  for (let at = from; at < text.length;) {
    let end = text.indexOf('\r\n', at);
    if (end === -1) end = text.length;
    const colon = text.indexOf(':', at);
    if (colon === -1 || colon >= end) throw new FramingError(400, 'a header without a colon');
    const name = nameOf(text.slice(at, colon));
    const value = trimmed(text, colon + 1, end);
    const present = headers[name];
    if (present === undefined) headers[name] = value;
    else if (refusedTwice.has(name)) throw new FramingError(400, `${name} twice`);
    else if (!single.has(name)) headers[name] = `${present}${name === 'cookie' ? '; ' : ', '}${value}`;
    at = end + 2;
  }
  return headers;
}

function nameOf(spelling: string): string {
  const known = names.get(spelling);
  if (known !== undefined) return known;
  if (!token.test(spelling)) throw new FramingError(400, 'a header name');
  const name = spelling.toLowerCase();
  if (names.size < maxNames) names.set(spelling, name);
  return name;
}

function trimmed(text: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

const isBlank = (code: number): boolean => code === 0x20 || code === 0x09;

function splitTarget(target: string, method: string): { path: string; query: string } {
  // eslint-disable-next-line no-control-regex -- a target has visible ASCII characters only
  if (!/^[\x21-\x7e]+$/.test(target)) throw new FramingError(400, 'the target');
  let rest = target;
  if (target[0] !== '/') {
    const absolute = /^https?:\/\/[\w.:[\]-]+(?=[/?]|$)/i.exec(target);
    if (absolute !== null) rest = target.slice(absolute[0].length);
    else if (target !== '*' || method !== 'OPTIONS') throw new FramingError(400, 'the target');
    if (rest === '' || rest[0] === '?') rest = `/${rest}`;
  }
  const mark = rest.indexOf('?');
  return mark === -1 ? { path: rest, query: '' } : { path: rest.slice(0, mark), query: rest.slice(mark + 1) };
}

function bodyLength(headers: Readonly<Record<string, string>>, version: string): number | undefined {
  const length = headers['content-length'];
  const coding = headers['transfer-encoding'];
  if (coding !== undefined) {
    if (length !== undefined) throw new FramingError(400, 'Content-Length beside Transfer-Encoding');
    if (version !== '1.1' || coding.toLowerCase() !== 'chunked') throw new FramingError(400, 'the transfer coding');
    return undefined;
  }
  if (length === undefined) return 0;
  if (!/^\d{1,15}$/.test(length)) throw new FramingError(400, 'Content-Length');
  return Number(length);
}
