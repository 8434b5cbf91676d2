import type { Clock } from '@millrace/world';

type Fields = Readonly<Record<string, string | number | boolean | undefined>>;

/** The agent's log: a line of JSON an event, as the server's. */
export interface Logger {
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, error: unknown, fields?: Fields): void;
}

/** `write` gets whole lines. */
export function createLogger(clock: Clock, write: (line: string) => void): Logger {
  const emit = (level: string, message: string, fields: Fields): void =>
    write(`${JSON.stringify({ time: new Date(clock.now()).toISOString(), level, message, ...fields })}\n`);
  return {
    info: (message, fields = {}) => emit('info', message, fields),
    warn: (message, fields = {}) => emit('warn', message, fields),
    error: (message, error, fields = {}) =>
      emit('error', message, {
        ...fields,
        error: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
      }),
  };
}
