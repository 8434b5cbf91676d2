/*
 * Apache's logs by their default formats.
 *
 *   common    host ident authuser [dd/Mmm/yyyy:hh:mm:ss zone] "request" response bytes
 *   combined  common "referer" "agent"
 *   error     [time] [module:severity] [pid process:tid thread] [client address] message
 *             of which only time, severity and message are always there; 2.2 has no module
 *
 * Apache escapes in texts stay as they are written.
 */

/** A request, by the names that AWS's blueprint has, and its agent for the two of the combined format. */
export interface ApacheRequest {
  readonly host: string;
  readonly ident: string;
  readonly authuser: string;
  readonly '@timestamp': string;
  readonly '@timestamp_utc': string;
  readonly timezone: string;
  readonly request: string;
  /** The method; null where the request line has no word behind it. */
  readonly verb: string | null;
  readonly response: number;
  /** Null for -, which says none were sent. */
  readonly bytes: number | null;
  readonly referer?: string;
  readonly agent?: string;
}

/** A line of the error log, by the names that AWS's agent has. */
export interface ApacheError {
  readonly timestamp: string;
  readonly module: string | null;
  readonly severity: string;
  readonly processid: string | null;
  readonly threadid: string | null;
  readonly client: string | null;
  readonly message: string;
}

const quoted = '"((?:[^"\\\\]|\\\\.)*)"';
const time = '\\[(\\d\\d)/([A-Z][a-z]{2})/(\\d{4}):(\\d\\d:\\d\\d:\\d\\d) ([+-]\\d{4})\\]';
const accessLine = new RegExp(
  `^(\\S+) (\\S+) ([^[]+) ${time} ${quoted} (\\d{3}) (\\d+|-)(?: ${quoted} ${quoted})?(?: .*)?$`,
);
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Undefined for a line of another form. */
export function readApache(line: string): ApacheRequest | ApacheError | undefined {
  return line.startsWith('[') ? readError(line) : readRequest(line);
}

function readRequest(line: string): ApacheRequest | undefined {
  const found = accessLine.exec(line);
  if (found === null) return undefined;
  const [host, ident, authuser, day, monthName, year, clock, timezone] = found.slice(1);
  const [request, response, bytes, referer, agent] = found.slice(9);
  const month = String(months.indexOf(monthName!) + 1).padStart(2, '0');
  const local = `${year}-${month}-${day}T${clock}`;
  const instant = Date.parse(`${local}${timezone!.slice(0, 3)}:${timezone!.slice(3)}`);
  if (Number.isNaN(instant)) return undefined;
  return {
    host: host!,
    ident: ident!,
    authuser: authuser!,
    '@timestamp': local,
    '@timestamp_utc': `${new Date(instant).toISOString().slice(0, 19)}+00:00`,
    timezone: timezone!,
    request: request!,
    verb: request!.includes(' ') ? request!.slice(0, request!.indexOf(' ')) : null,
    response: Number(response),
    bytes: bytes === '-' ? null : Number(bytes),
    ...(referer !== undefined && agent !== undefined && { referer, agent }),
  };
}

const errorLine = new RegExp(
  '^\\[([A-Z][a-z]{2} [A-Z][a-z]{2} +\\d{1,2} \\d\\d:\\d\\d:\\d\\d(?:\\.\\d+)? \\d{4})\\] ' +
    '\\[(?:([\\w-]*):)?(\\w+)\\](?: \\[pid (\\d+)(?::tid (\\d+))?\\])?' +
    // The place in Apache's source and the system's error, which stand before the client and are the message's.
    '((?: [\\w./]+\\(\\d+\\):)?(?: \\(\\d+\\)[^:[]*:)?)' +
    '(?: \\[(?:client|remote) ([^\\]]*(?:\\]:\\d+)?)\\])?(?: (.*))?$',
);

function readError(line: string): ApacheError | undefined {
  const found = errorLine.exec(line);
  if (found === null) return undefined;
  const [timestamp, module, severity, processid = null, threadid = null, before, client = null, rest = ''] =
    found.slice(1);
  return {
    timestamp: timestamp!,
    module: module === undefined || module === '-' || module === '' ? null : module,
    severity: severity!,
    processid,
    threadid,
    client,
    message: `${before!.trim()} ${rest}`.trim(),
  };
}
