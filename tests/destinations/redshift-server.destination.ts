/** The stand-in for Redshift itself: PostgreSQL that copies from S3. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Client } from 'pg';
import { selfSigned } from './servers/identity.ts';
import { startRedshift } from './servers/redshift.ts';
import type { RunningRedshift } from './servers/redshift.ts';
import { startVersitygw } from './servers/versitygw.ts';
import type { RunningVersitygw } from './servers/versitygw.ts';

const timeout = 120_000;

interface Servers {
  readonly s3: RunningVersitygw;
  readonly redshift: RunningRedshift;
  readonly client: Client;
  /** What COPY says for the keys of the S3. */
  readonly credentials: string;
}

async function withServers(tell: (servers: Servers) => Promise<void>): Promise<void> {
  const s3 = await startVersitygw();
  try {
    await s3.createBucket('logs');
    const redshift = await startRedshift({ s3 });
    const client = new Client({ ...redshift });
    client.on('error', () => undefined);
    try {
      await client.connect();
      const credentials = `CREDENTIALS 'aws_access_key_id=${s3.accessKeyId};aws_secret_access_key=${s3.secretAccessKey}'`;
      await tell({ s3, redshift, client, credentials });
    } finally {
      await client.end();
      await redshift.stop();
    }
  } finally {
    await s3.stop();
  }
}

test('COPY loads what a manifest names: GZIP, JSON by name, nested values, digits', { timeout }, async () => {
  await withServers(async ({ s3, redshift, client, credentials }) => {
    await client.query('CREATE TABLE readings (id bigint, sensor varchar(20), place text, missing int)');
    const rows = Array.from({ length: 2000 }, (_, id) => ({ id, sensor: `s\t${id % 7}`, place: { at: [id, 'ü'] } }));
    const large = `{"id": 9007199254740993, "sensor": null, "place": "a\\\\b\\n"}`;
    const text = rows.map((row) => JSON.stringify(row)).join('') + large;
    await s3.put('logs', 'in/1.gz', gzipSync(text));
    const entries = [
      { url: 's3://logs/in/1.gz', mandatory: true },
      { url: 's3://logs/gone', mandatory: false },
    ];
    await s3.put('logs', 'manifests/1', JSON.stringify({ entries }));
    const notices: string[] = [];
    client.on('notice', ({ message }) => notices.push(message ?? ''));
    const copy = `COPY readings FROM 's3://logs/manifests/1' ${credentials} MANIFEST GZIP JSON 'auto'`;
    const { command } = await client.query(copy);
    assert.equal(command, 'COPY');
    assert.deepEqual(notices, ["Load into table 'readings' completed, 2001 record(s) loaded successfully."]);
    assert.equal(redshift.statements.at(-1), copy);
    const { rows: loaded } = await redshift.pool.query('SELECT * FROM readings ORDER BY id');
    assert.deepEqual(loaded.slice(0, 2), [
      { id: '0', sensor: 's\t0', place: '{"at":[0,"ü"]}', missing: null },
      { id: '1', sensor: 's\t1', place: '{"at":[1,"ü"]}', missing: null },
    ]);
    assert.deepEqual(loaded[2000], { id: '9007199254740993', sensor: null, place: 'a\\b\n', missing: null });
  });
});

test('COPY reads CSV, delimited text and JSONPaths into the columns that it names', { timeout }, async () => {
  await withServers(async ({ s3, client, credentials }) => {
    await client.query('CREATE TABLE t (a int, b text, c text)');
    await s3.put('logs', 'csv/1', 'head,er\n1,"x,""y"""\n');
    await s3.put('logs', 'csv/2', 'head,er\n2,two\n');
    await client.query(`copy t (a, b) from 's3://logs/csv/' ${credentials} CSV IGNOREHEADER 1;`);
    await s3.put('logs', 'text', '3|back\\slash|c\n4|\\N|d\n');
    await client.query(`COPY t FROM 's3://logs/text' IAM_ROLE 'arn:aws:iam::000000000000:role/r' REGION 'us-east-1'`);
    await s3.put('logs', 'tabs', '5\tfive\n');
    await client.query(`COPY t (a, c) FROM 's3://logs/tabs' ${credentials} DELIMITER '\\t' COMPUPDATE OFF`);
    await s3.put('logs', 'paths', JSON.stringify({ jsonpaths: ['$.deep[1]', "$['b c']"] }));
    await s3.put('logs', 'json', '{"deep": [0, 6], "b c": "six"}');
    await client.query(`COPY t (a, b) FROM 's3://logs/json' ${credentials} JSON 's3://logs/paths'`);
    const { rows } = await client.query({ text: 'SELECT * FROM t ORDER BY a', rowMode: 'array' });
    assert.deepEqual(rows, [
      [1, 'x,"y"', null],
      [2, 'two', null],
      [3, 'back\\slash', 'c'],
      [4, null, 'd'],
      [5, null, 'five'],
      [6, 'six', null],
    ]);
  });
});

test('COPY says what is wrong, loads nothing then, and fails its transaction', { timeout }, async () => {
  await withServers(async ({ s3, redshift, client, credentials }) => {
    await client.query('CREATE TABLE t (a int)');
    const refused = (text: string, code: string, message: RegExp): Promise<void> =>
      assert.rejects(client.query(text), (error: Error & { code?: string }) => {
        assert.match(error.message, message);
        assert.equal(error.code, code);
        return true;
      });
    await s3.put('logs', 'good', '{"a": 1}');
    await s3.put('logs', 'bad', '{"a": 1}{"a": "one"}');
    await s3.put('logs', 'broken', '{"a": 1}{"a": ');
    const wrong = `ACCESS_KEY_ID '${s3.accessKeyId}' SECRET_ACCESS_KEY 'guessed'`;
    const entries = [{ url: 's3://logs/good' }, { url: 's3://logs/gone', mandatory: true }];
    await s3.put('logs', 'manifest', JSON.stringify({ entries }));
    const gone = /Status 404,Error NoSuchKey/;
    await refused(
      `COPY t FROM 's3://logs/nothing' ${credentials} JSON 'auto'`,
      'XX000',
      /prefix 'nothing' does not exist/,
    );
    await refused(
      `COPY t FROM 's3://logs/nothing' ${credentials} MANIFEST`,
      'XX000',
      /^Problem reading manifest file - S3/,
    );
    await refused(`COPY t FROM 's3://logs/manifest' ${credentials} MANIFEST JSON 'auto'`, 'XX000', gone);
    await refused(
      `COPY t FROM 's3://logs/good' ${wrong} JSON 'auto'`,
      'XX000',
      /Status 403,Error SignatureDoesNotMatch/,
    );
    await refused(`COPY t FROM 's3://logs/good' JSON 'auto'`, '42601', /CREDENTIALS|Credentials/);
    await refused(`COPY t FROM 's3://logs/good' ${credentials} JSON 'auto' GZIP`, 'XX000', /compression/);
    await refused(
      `COPY t FROM 's3://logs/good' ${credentials} SOMETIMES`,
      '42601',
      /syntax error at or near "SOMETIMES"/,
    );
    await refused(
      `COPY u FROM 's3://logs/good' ${credentials} JSON 'auto'`,
      '42P01',
      /^Cannot COPY into nonexistent table u$/,
    );
    await refused(
      `COPY t FROM 's3://logs/bad' ${credentials} JSON 'auto'`,
      'XX000',
      /^Load into table 't' failed\. {2}Check/,
    );
    await refused(`COPY t FROM 's3://logs/broken' ${credentials} JSON 'auto'`, 'XX000', /Invalid JSON format/);
    await refused(`COPY t FROM 's3://logs/broken' ${credentials} MANIFEST`, 'XX000', /Invalid JSON format/);
    await refused(`COPY t FROM 's3://logs/good' ${credentials} MANIFEST`, 'XX000', /has no entries/);
    await client.query('BEGIN');
    await client.query(`COPY t FROM 's3://logs/good' ${credentials} JSON 'auto'`);
    await refused(`COPY t FROM 's3://logs/gone' ${credentials} JSON 'auto'`, 'XX000', /does not exist/);
    await refused('SELECT 1', '25P02', /transaction is aborted/);
    await client.query('ROLLBACK');
    assert.deepEqual((await redshift.pool.query('SELECT * FROM t')).rows, []);
  });
});

test('a wrong password is refused; outages refuse or hang', { timeout }, async () => {
  await withServers(async ({ redshift }) => {
    await assert.rejects(new Client({ ...redshift, password: 'guessed' }).connect(), { code: '28P01' });
    redshift.outage = 'refuse';
    await assert.rejects(new Client({ ...redshift }).connect(), /Connection terminated|ECONNRESET/);
    redshift.outage = 'hang';
    await assert.rejects(new Client({ ...redshift, connectionTimeoutMillis: 300 }).connect(), /timeout/);
    redshift.outage = 'none';
    const client = new Client({ ...redshift });
    await client.connect();
    assert.deepEqual((await client.query('SELECT $1::int AS a', [5])).rows, [{ a: 5 }]);
    assert.equal(redshift.statements.at(-1), 'SELECT $1::int AS a');
    await client.end();
  });
});

test('a connection over TLS copies too', { timeout }, async () => {
  const [s3, tls] = await Promise.all([startVersitygw(), selfSigned()]);
  try {
    await s3.createBucket('logs');
    await s3.put('logs', 'in', '{"a": 1}');
    const redshift = await startRedshift({ s3, tls });
    try {
      const client = new Client({ ...redshift, ssl: { ca: tls.cert } });
      await client.connect();
      await client.query('CREATE TABLE t (a int)');
      await client.query(`COPY t FROM 's3://logs/in' IAM_ROLE 'arn:aws:iam::000000000000:role/r' JSON 'auto'`);
      assert.deepEqual((await client.query('SELECT * FROM t')).rows, [{ a: 1 }]);
      await client.end();
      // Another certificate is not trusted.
      await assert.rejects(new Client({ ...redshift, ssl: { ca: [] } }).connect(), /self-signed/);
    } finally {
      await redshift.stop();
    }
  } finally {
    await Promise.all([s3.stop(), tls.remove()]);
  }
});
