import { Socket } from 'node:net';
import { StatementRefused } from '@millrace/firehose';
import type { Statement } from '@millrace/firehose';

/** For the database to say itself that it gave a statement up, and to take leave. */
const graceMs = 5000;
/** A statement that is done is answered with a word, and with what the database notices; its rows would all be kept. */
const mostAnswerBytes = 1 << 20;
const lookMs = 50;

/**
 * A statement by the driver `pg`, which is loaded with the first: most servers never deliver to a database. The database ends
 * a statement at its time itself, so that none goes on of which nobody hears any more.
 */
export async function runOverPostgres(statement: Statement): Promise<void> {
  const { text, connectTimeoutMs, timeoutMs, signal, isEncrypted: ssl, ...place } = statement;
  const { Client, DatabaseError } = await import('pg');
  signal.throwIfAborted();
  const socket = new Socket();
  const client = new Client({
    ...{ ...place, ssl },
    connectionTimeoutMillis: connectTimeoutMs,
    // A COPY says nothing for minutes, and what is between forgets connections that are silent.
    keepAlive: true,
    keepAliveInitialDelayMillis: 60_000,
    stream: () => socket,
  });
  // Of a connection that breaks while nothing is asked; who asks is told by a rejection.
  client.on('error', () => undefined);
  const until = AbortSignal.any([signal, AbortSignal.timeout(connectTimeoutMs + timeoutMs + graceMs)]);
  const giveUp = (): void => void socket.destroy(new Error('the database did not answer in time'));
  until.addEventListener('abort', giveUp, { once: true });
  // oxlint-disable-next-line no-restricted-globals -- the server's wiring is where statements leave, in the socket's time
  const watching = setInterval(() => {
    if (socket.bytesRead > mostAnswerBytes)
      socket.destroy(new Error(`the database answered more than ${mostAnswerBytes} bytes`));
  }, lookMs);
  try {
    await client.connect();
    await client.query(`SET statement_timeout TO ${timeoutMs}`);
    await client.query(text);
  } catch (error) {
    throw error instanceof DatabaseError ? new StatementRefused(error.code ?? '', error.message) : error;
  } finally {
    clearInterval(watching);
    until.removeEventListener('abort', giveUp);
    socket.setTimeout(graceMs, () => socket.destroy());
    void client.end().catch(() => undefined);
  }
}
