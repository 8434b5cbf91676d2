/** Redshift as a destination where PostgreSQL is on the machine: its rows, its errors, and the driver's connections. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { StatementRefused } from '@millrace/firehose';
import type { Statement } from '@millrace/firehose';
import { postgresPrograms } from '../../packages/consumer/test/postgres-server.ts';
import { runOverPostgres } from '../../packages/server/src/postgres-client.ts';
import { startServer } from '../../tools/server-process.ts';
import { givesUp, loads, withRedshift } from './redshift-story.ts';
import { startRedshift } from './servers/redshift.ts';
import type { RunningRedshift } from './servers/redshift.ts';
import { startMoto } from './servers/s3.ts';

const options = {
  timeout: 240_000,
  skip: postgresPrograms() === undefined && 'there is no PostgreSQL on this machine',
};

test('Redshift: rows are equal: JSON, GZIP, delimited into columns', options, () => withRedshift(startMoto, loads));

test('Redshift: no table: the manifest goes to the errors, and loads by hand', options, () =>
  withRedshift(startMoto, givesUp),
);

function statementAt({ host, port, user, password, database }: RunningRedshift, text: string): Statement {
  const place = { host, port, user, password, database, isEncrypted: false };
  return { ...place, text, connectTimeoutMs: 5000, timeoutMs: 5000, signal: new AbortController().signal };
}

const nowhere = { endpoint: 'http://127.0.0.1:9', region: 'us-east-1', accessKeyId: 'a', secretAccessKey: 's' };

test(
  'a statement is done, refused with its SQLSTATE, ended by the database in its time, or given up',
  options,
  async () => {
    const redshift = await startRedshift({ s3: nowhere });
    try {
      const run = (text: string, more: Partial<Statement> = {}): Promise<void> =>
        runOverPostgres({ ...statementAt(redshift, text), ...more });
      await run('CREATE TABLE t (a int)');
      await run('INSERT INTO t VALUES (1)');
      assert.deepEqual((await redshift.pool.query('SELECT a FROM t')).rows, [{ a: 1 }]);
      const refused = async (running: Promise<void>, sqlState: string): Promise<void> =>
        assert.rejects(running, (error) => error instanceof StatementRefused && error.sqlState === sqlState);
      await refused(run('INSERT INTO u VALUES (1)'), '42P01');
      await refused(run('SELECT 1', { password: 'guessed' }), '28P01');
      await refused(run('SELECT pg_sleep(60)', { timeoutMs: 100 }), '57014');
      redshift.outage = 'hang';
      await assert.rejects(run('SELECT 1', { connectTimeoutMs: 100 }), /timeout/);
      redshift.outage = 'refuse';
      await assert.rejects(run('SELECT 1'), (error) => !(error instanceof StatementRefused));
      redshift.outage = 'none';
      const abort = new AbortController();
      const asleep = run('SELECT pg_sleep(60)', { timeoutMs: 60_000, signal: abort.signal });
      const rejected = assert.rejects(asleep, (error) => !(error instanceof StatementRefused));
      while (!redshift.statements.includes('SELECT pg_sleep(60)'))
        await new Promise((resolve) => setTimeout(resolve, 5));
      abort.abort();
      await rejected;
      await assert.rejects(run('SELECT 1', { signal: abort.signal }));
    } finally {
      await redshift.stop();
    }
  },
);

test('passwords go under TLS only, to whom the certificate names', options, async () => {
  const data = await mkdtemp(join(tmpdir(), 'millrace-tls-'));
  // Its first start makes a certificate for this machine.
  const maker = await startServer(['--data', data]);
  assert.equal(await maker.stop(), 0);
  // Key and certificate in one file.
  const pem = await readFile(join(data, 'keys/self-signed.pem'), 'utf8');
  const redshift = await startRedshift({ s3: nowhere, tls: { key: pem, cert: pem } });
  const plain = await startRedshift({ s3: nowhere });
  const known = getCACertificates();
  try {
    const run = (at: RunningRedshift): Promise<void> =>
      runOverPostgres({ ...statementAt(at, 'SELECT 1'), isEncrypted: true, host: 'localhost' });
    await assert.rejects(run(redshift), /self-signed certificate/);
    await assert.rejects(run(plain), /does not support SSL/);
    assert.deepEqual([...redshift.statements, ...plain.statements], []);
    setDefaultCACertificates([...known, pem]);
    await run(redshift);
    assert.equal(redshift.statements.at(-1), 'SELECT 1');
  } finally {
    setDefaultCACertificates(known);
    await redshift.stop();
    await plain.stop();
    await rm(data, { recursive: true, force: true });
  }
});
