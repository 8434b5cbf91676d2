/*
 * The two forms of syslog, and the one that files have.
 *
 *   RFC 3164   <priority>Mmm dd hh:mm:ss host tag[process]: message
 *              <priority>message, as some senders leave it to a relay to say when and where
 *   files      the same without a priority, or with an RFC 3339 time; AWS's blueprint takes <n.n> behind the time, too
 *   RFC 5424   <priority>version time host app process id data [message]
 *                data     -, or [id name="value" …] one after the other; \ escapes ", \ and ] in a value
 *                -        stands for what is not known
 */

/** A message, by the names that AWS's blueprint and agent have; the members behind `message` are there where the line has them. */
export interface SyslogMessage {
  readonly timestamp: string | null;
  readonly hostname: string | null;
  readonly program: string | null;
  readonly processid: string | null;
  readonly message: string;
  readonly facility?: string | undefined;
  readonly severity?: string | undefined;
  readonly msgid?: string | null | undefined;
  readonly structured_data?: Readonly<Record<string, unknown>> | null | undefined;
}

const facilities = (
  'kern user mail daemon auth syslog lpr news uucp cron authpriv ftp ntp audit alert clock ' +
  'local0 local1 local2 local3 local4 local5 local6 local7'
).split(' ');
const severities = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'];

const bsdTime = '[A-Z][a-z]{2,8} {1,2}\\d{1,2}(?: \\d{4})? \\d{1,2}:\\d\\d:\\d\\d(?:[.,]\\d+)?';
const isoTime = '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(?:[.,]\\d+)?(?:Z|[+-]\\d\\d:?\\d\\d)';
const bsdLine = new RegExp(`^(?:<(\\d{1,3})>)?(${bsdTime}|${isoTime}) (?:<\\d+\\.\\d+> )?(\\S+) (.*)$`, 's');
const bareLine = /^<(\d{1,3})>()?()?(?!\d)(.+)$/s;
const tagged = /^([^\s:[\]]+)(?:\[([^\]\s]*)\])?: ?(.*)$/s;
const newLine = new RegExp(
  `^<(\\d{1,3})>[1-9]\\d{0,2} (-|${isoTime}) (\\S{1,255}) (\\S{1,48}) (\\S{1,128}) (\\S{1,32}) (.*)$`,
  's',
);

/** Undefined for a line of neither form. */
export function readSyslog(line: string): SyslogMessage | undefined {
  return readNew(line) ?? readBsd(line);
}

function readBsd(line: string): SyslogMessage | undefined {
  const [, priority, timestamp, hostname, rest] = bsdLine.exec(line) ?? bareLine.exec(line) ?? [];
  const known = priority === undefined ? {} : readPriority(priority);
  if (rest === undefined || known === undefined) return undefined;
  if (timestamp === undefined || hostname === undefined)
    return { timestamp: null, hostname: null, program: null, processid: null, message: rest, ...known };
  const [, program = null, processid = null, message = rest] = tagged.exec(rest) ?? [];
  return { timestamp, hostname, program, processid, message, ...known };
}

function readPriority(text: string): Pick<SyslogMessage, 'facility' | 'severity'> | undefined {
  const priority = Number(text);
  const facility = facilities[priority >> 3];
  return facility === undefined ? undefined : { facility, severity: severities[priority & 7] };
}

const byteOrderMark = '\uFEFF';

function readNew(line: string): SyslogMessage | undefined {
  const [, priority, timestamp, hostname, program, processid, msgid, rest] = newLine.exec(line) ?? [];
  if (priority === undefined || rest === undefined) return undefined;
  const known = readPriority(priority);
  const data = readData(rest);
  if (known === undefined || data === undefined) return undefined;
  const text = rest.slice(data.end);
  if (text !== '' && !text.startsWith(' ')) return undefined;
  const message = text.slice(1);
  return {
    timestamp: orNull(timestamp!),
    hostname: orNull(hostname!),
    program: orNull(program!),
    processid: orNull(processid!),
    message: message.startsWith(byteOrderMark) ? message.slice(1) : message,
    ...known,
    msgid: orNull(msgid!),
    structured_data: data.elements,
  };
}

function orNull(text: string): string | null {
  return text === '-' ? null : text;
}

const name = '[^\\s=\\]"]{1,32}';
const elementStart = new RegExp(`\\[(${name})`, 'y');
const parameter = new RegExp(` +(${name})="((?:[^"\\\\\\]]|\\\\.)*)"`, 'ys');

/** The elements and where they end. A name that an element has several times, as RFC 5424 allows, is a list. */
function readData(
  text: string,
): { readonly elements: Readonly<Record<string, unknown>> | null; readonly end: number } | undefined {
  if (text.startsWith('-')) return { elements: null, end: 1 };
  const elements: [string, unknown][] = [];
  let at = 0;
  while (text[at] === '[') {
    elementStart.lastIndex = at;
    const id = elementStart.exec(text)?.[1];
    if (id === undefined) return undefined;
    at += id.length + 1;
    const values = new Map<string, string[]>();
    parameter.lastIndex = at;
    for (let found = parameter.exec(text); found !== null; found = parameter.exec(text)) {
      at = parameter.lastIndex;
      const value = found[2]!.replaceAll(/\\(["\\\]])/g, '$1');
      values.set(found[1]!, [...(values.get(found[1]!) ?? []), value]);
    }
    if (text[at] !== ']') return undefined;
    at += 1;
    const members = [...values].map(([key, all]) => [key, all.length === 1 ? all[0] : all] as const);
    elements.push([id, Object.fromEntries(members)]);
  }
  return elements.length === 0 ? undefined : { elements: Object.fromEntries(elements), end: at };
}
