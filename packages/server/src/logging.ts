import type { Clock } from '@millrace/world';

/** The server's log: one line an event on standard error, as text for people or JSON for machines. */
export interface Logger {
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  /** A fault of ours; the stack goes with it. */
  error(message: string, error: unknown, fields?: Fields): void;
}

type Fields = Readonly<Record<string, string | number | boolean | undefined>>;

/** `write` gets whole lines. */
export function createLogger(form: 'text' | 'json' | 'silent', clock: Clock, write: (line: string) => void): Logger {
  const emit = (level: string, message: string, fields: Fields, stack?: string): void => {
    if (form === 'silent') return;
    const time = new Date(clock.now()).toISOString();
    if (form === 'json') {
      write(`${JSON.stringify({ time, level, message, ...fields, stack })}\n`);
      return;
    }
    const details = Object.entries(fields)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => ` ${key}=${value}`)
      .join('');
    write(`${time} ${level} ${message}${details}${stack === undefined ? '' : `\n${stack}`}\n`);
  };
  return {
    info: (message, fields = {}) => emit('info', message, fields),
    warn: (message, fields = {}) => emit('warn', message, fields),
    error: (message, error, fields = {}) =>
      emit('error', message, fields, error instanceof Error ? (error.stack ?? error.message) : String(error)),
  };
}
