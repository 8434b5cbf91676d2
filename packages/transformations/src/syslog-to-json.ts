import { jsonLines } from './json-documents.ts';
import { linesOf, readAll } from './logs/lines.ts';
import { readSyslog } from './logs/syslog.ts';
import { transformation } from './transformation.ts';
import type { Convert } from './transformation.ts';

/** Syslog (RFC 3164, RFC 5424, and as files have it) to JSON: timestamp, hostname, program, processid, message and what else a line says. */
export function syslogToJson(): Convert {
  return (data) => jsonLines(readAll(joined(linesOf(data)), readSyslog));
}

/** A line that begins with space goes on with the message before it, as traces of stacks do. */
function joined(lines: readonly string[]): string[] {
  const messages: string[] = [];
  for (const line of lines)
    if (messages.length > 0 && /^\s/.test(line)) messages.push(`${messages.pop()!}\n${line}`);
    else messages.push(line);
  return messages;
}

export const handler = transformation(syslogToJson);
