import { javaPattern } from '../configuration/java-pattern.ts';

/*
 * The five log formats: what AWS's agent takes (its PatternConstants), and the names it gives. One thing is wider here: a host
 * may be an IPv6 address.
 *
 *   common    host ident authuser [datetime] "request" response bytes anything
 *   combined  common "referer" "agent" anything
 *   error     [timestamp] [module:severity] [pid processid:tid threadid] [client client] message
 *   syslog    timestamp <facility.priority>? hostname program[processid]: message
 */

export type LogFormat = 'COMMONAPACHELOG' | 'COMBINEDAPACHELOG' | 'APACHEERRORLOG' | 'SYSLOG' | 'RFC3339SYSLOG';

export interface FormatDefinition {
  readonly pattern: RegExp;
  readonly fields: readonly string[];
  /** Apache writes - for what is not there. */
  readonly isDashNull: boolean;
}

const name = '[a-zA-Z0-9._-]+';
const host = '(?:[\\w-]+(?:\\.[\\w-]+)*\\.?|[\\d.]+|[\\da-fA-F:]+(?:\\.\\d+){0,3})';
const number = '[+-]?\\d+';
const quoted = '"([^"]+)"';
const day = '(?:0[1-9]|[12]\\d|3[01]|[1-9])';
const weekday = '(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?';
const month =
  '(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sep(?:tember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)';
const time = '(?:2[0-3]|[01]?\\d):[0-5]\\d:(?:[0-5]?\\d|60)(?:[:.,]\\d+)?';
const year = '[1-9]\\d*';

const common = `(${host}) (${name}) (${name}) \\[(${day}/${month}/${year}:${time}\\s${number})\\] ${quoted} (${number}|-) (${number}|-)`;
const commonFields = ['host', 'ident', 'authuser', 'datetime', 'request', 'response', 'bytes'];
const errorLog =
  `\\[(${weekday}\\s+${month}\\s+${day}\\s+${time}\\s+${year})\\] \\[(?:(\\w+):)?(\\w+)\\] ` +
  `\\[pid (\\d+)(?::tid (\\d+))?\\] \\[client (${host}(?::[1-9]\\d*)?)\\] (.*)`;
// AWS's agent has <\d+.\d+>, where the dot may be a digit, too: so that takes the square of the time that a line of digits has.
const priority = '(?:<\\d+(?:\\d\\d|[^\\d\\n\\r\\u2028\\u2029]\\d+)> )?';
const afterTime = `${priority}(${name}) ([\\w./%-]+)(?:\\[([1-9]\\d*)\\])?: (.*)`;
const rfc3339 = '\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(?:\\.\\d+)?(?:Z|[-+]\\d{2}:\\d{2})';
const syslogFields = ['timestamp', 'hostname', 'program', 'processid', 'message'];

const define = (source: string, fields: readonly string[], isDashNull: boolean): FormatDefinition => ({
  pattern: javaPattern(source, 'whole'),
  fields,
  isDashNull,
});

export const logFormats: Readonly<Record<LogFormat, FormatDefinition>> = {
  COMMONAPACHELOG: define(`${common}.*`, commonFields, true),
  COMBINEDAPACHELOG: define(`${common} ${quoted} ${quoted}.*`, [...commonFields, 'referer', 'agent'], true),
  APACHEERRORLOG: define(
    errorLog,
    ['timestamp', 'module', 'severity', 'processid', 'threadid', 'client', 'message'],
    true,
  ),
  SYSLOG: define(`(${month}\\s+${day}\\s+${time}) ${afterTime}`, syslogFields, false),
  RFC3339SYSLOG: define(`(${rfc3339}) ${afterTime}`, syslogFields, false),
};
