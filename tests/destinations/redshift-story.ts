/**
 * What a real Millrace, a real S3 and the stand-in for Redshift are taken through. Rows are read from PostgreSQL itself, and
 * statements are those that came over the wire.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { startServer } from '../../tools/server-process.ts';
import type { ServerProcess } from '../../tools/server-process.ts';
import { untilTrue } from '../clients/environments.ts';
import { firehoseCaller, untilDelivering } from '../process/caller.ts';
import { startRedshift } from './servers/redshift.ts';
import type { RunningRedshift } from './servers/redshift.ts';
import type { RunningS3 } from './servers/s3.ts';

const role = 'arn:aws:iam::000000000000:role/load';
const s3Configuration = {
  RoleARN: role,
  BucketARN: 'arn:aws:s3:::logs',
  BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 0 },
};

export interface Scene {
  readonly s3: RunningS3;
  readonly redshift: RunningRedshift;
  /** The one that runs now. */
  server: ServerProcess;
  /** Another server on the same directory. */
  startAgain(): Promise<void>;
}

/** Ends everything that it started, whatever `play` does. */
export async function withRedshift(
  startS3: () => Promise<RunningS3>,
  play: (scene: Scene) => Promise<void>,
): Promise<void> {
  const data = await mkdtemp(join(tmpdir(), 'millrace-redshift-'));
  const s3 = await startS3();
  try {
    await s3.createBucket('logs');
    const redshift = await startRedshift({ s3 });
    // The pool's own connections end with the database when a test kills that.
    redshift.pool.on('error', () => undefined);
    const start = (): Promise<ServerProcess> =>
      startServer(['--data', data, '--limits', 'none', '--transition-ms', '0', '--s3', s3.endpoint], { env: s3.env });
    const scene = {
      ...{ s3, redshift, server: await start() },
      async startAgain() {
        scene.server = await start();
      },
    };
    try {
      await play(scene);
    } finally {
      assert.equal(await scene.server.stop(), 0, scene.server.log());
      await redshift.stop();
    }
  } finally {
    await s3.stop();
    await rm(data, { recursive: true, force: true });
  }
}

export async function create({ server, redshift }: Scene, name: string, given: object): Promise<void> {
  const call = firehoseCaller(server.endpoint);
  await call('CreateDeliveryStream', {
    DeliveryStreamName: name,
    RedshiftDestinationConfiguration: {
      RoleARN: role,
      ClusterJDBCURL: `jdbc:redshift://stand-in.redshift.localhost:${redshift.port}/${redshift.database}`,
      Username: redshift.user,
      Password: redshift.password,
      S3Configuration: { ...s3Configuration, Prefix: `${name}/` },
      ...given,
    },
  });
  await untilDelivering(call, name);
}

export async function put({ server }: Scene, name: string, records: readonly (string | Buffer)[]): Promise<void> {
  await firehoseCaller(server.endpoint)('PutRecordBatch', {
    DeliveryStreamName: name,
    Records: records.map((record) => ({ Data: Buffer.from(record).toString('base64') })),
  });
}

/** The rows that a query answers, as arrays; none while the database is away, or has no such table. */
export async function rowsOf({ redshift }: Scene, query: string): Promise<unknown[][]> {
  const { rows } = await redshift.pool.query<unknown[]>({ text: query, rowMode: 'array' }).catch(() => ({ rows: [] }));
  return rows;
}

/** Rows equal: JSON plain and in GZIP, and delimited text into some of a table's columns; statements to the letter. */
export async function loads(scene: Scene): Promise<void> {
  const { s3, redshift } = scene;
  await redshift.pool.query('CREATE SCHEMA web');
  await redshift.pool.query('CREATE TABLE web.json (id int, name text, price numeric)');
  await redshift.pool.query('CREATE TABLE "Packed" (id int, name text)');
  await redshift.pool.query("CREATE TABLE cells (a text, b int, c text DEFAULT 'unsaid')");
  await create(scene, 'json', { CopyCommand: { DataTableName: 'web.json', CopyOptions: "JSON 'auto'" } });
  await create(scene, 'packed', {
    CopyCommand: { DataTableName: '"Packed"', CopyOptions: "FORMAT AS JSON 'auto' GZIP COMPUPDATE OFF;" },
    S3Configuration: { ...s3Configuration, Prefix: 'packed/', CompressionFormat: 'GZIP' },
  });
  await create(scene, 'cells', {
    CopyCommand: { DataTableName: 'cells', DataTableColumns: 'b, a', CopyOptions: "DELIMITER '\\t'" },
    // What producers compressed is taken apart on its way, and lines are made of it.
    ProcessingConfiguration: {
      Enabled: true,
      Processors: [
        { Type: 'Decompression', Parameters: [{ ParameterName: 'CompressionFormat', ParameterValue: 'GZIP' }] },
        { Type: 'AppendDelimiterToRecord', Parameters: [{ ParameterName: 'Delimiter', ParameterValue: '\\n' }] },
      ],
    },
    S3BackupMode: 'Enabled',
    S3BackupConfiguration: { ...s3Configuration, Prefix: 'kept/' },
  });
  const numbers = Array.from({ length: 2000 }, (_, number) => number);
  const name = (number: number): string => `it's "${number}" — ü\\`;
  for (let start = 0; start < numbers.length; start += 500) {
    const some = numbers.slice(start, start + 500);
    await put(
      scene,
      'json',
      some.map((id) => JSON.stringify({ id, name: name(id), price: id / 4 })),
    );
    await put(
      scene,
      'packed',
      some.map((id) => JSON.stringify({ id, name: name(id) })),
    );
    await put(
      scene,
      'cells',
      some.map((id) => gzipSync(`${id}\t${name(id)}`)),
    );
  }
  await put(scene, 'cells', ['no gzip']);
  const isThere = async (query: string, rows: unknown[][]): Promise<void> => {
    await untilTrue(async () => (await rowsOf(scene, query)).length >= rows.length, query, 60_000);
    assert.deepEqual(await rowsOf(scene, query), rows);
  };
  await isThere(
    'SELECT id, name, price::float FROM web.json ORDER BY id',
    numbers.map((id) => [id, name(id), id / 4]),
  );
  await isThere(
    'SELECT id, name FROM "Packed" ORDER BY id',
    numbers.map((id) => [id, name(id)]),
  );
  await isThere(
    'SELECT b, a, c FROM cells ORDER BY b',
    numbers.map((id) => [id, name(id), 'unsaid']),
  );
  await untilTrue(
    async () => (await s3.keys('logs', 'decompression-failed/')).length === 1,
    'the record that is no GZIP',
  );
  const kept = [...(await s3.objects('logs', 'kept/')).values()];
  assert.ok(Buffer.concat(kept).includes('no gzip'));
  const copies = redshift.statements.filter((text) => text.startsWith('COPY'));
  const hour = String.raw`\d{4}/\d\d/\d\d/\d\d`;
  const time = String.raw`\d{4}(?:-\d\d){5}-[0-9a-f-]{36}`;
  const form = new RegExp(
    `^COPY (?:web\\.json|"Packed"|cells \\(b, a\\)) FROM 's3://logs/(json|packed|cells)/manifests/${hour}/\\1-1-${time}' ` +
      `CREDENTIALS 'aws_iam_role=${role}' MANIFEST ` +
      String.raw`(?:JSON 'auto'|FORMAT AS JSON 'auto' GZIP COMPUPDATE OFF|DELIMITER '\\t')$`,
  );
  for (const text of copies) assert.match(text, form);
  assert.equal(new Set(copies).size, copies.length);
}

/** Writes while the database is killed and starts again by itself, hangs and refuses: nothing is missing. */
export async function outages(scene: Scene): Promise<void> {
  const { redshift } = scene;
  await redshift.pool.query('CREATE TABLE lines (line text)');
  await create(scene, 'lines', { CopyCommand: { DataTableName: 'lines' } });
  let next = 0;
  const acknowledged: string[] = [];
  const write = async (): Promise<void> => {
    const lines = Array.from({ length: 100 }, () => `line ${next++}`);
    await put(
      scene,
      'lines',
      lines.map((line) => `${line}\n`),
    );
    acknowledged.push(...lines);
  };
  for (let round = 0; round < 3; round += 1) {
    await write();
    const copies = redshift.statements.length;
    await write();
    await untilTrue(() => redshift.statements.length > copies, 'a COPY under way');
    // PostgreSQL ends all of its processes when one is killed, recovers, and begins anew.
    const [[pid]] = (await rowsOf(scene, "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'")) as [
      [number],
    ];
    process.kill(pid, 'SIGKILL');
    await write();
    redshift.outage = 'refuse';
    await write();
    const failures = failuresOf(scene);
    await untilTrue(() => failuresOf(scene) > failures, 'a failure that is told', 60_000);
    redshift.outage = 'none';
    await write();
    // Pauses between tries grow from failure to failure in a row.
    await untilLoaded(scene, acknowledged);
  }
}

function failuresOf({ server }: Scene): number {
  return server.log().split('delivery of 000000000000:us-east-1:lines failed').length;
}

/** Killed with -9 while it loads, again and again: nothing that was acknowledged is missing. */
export async function kills(scene: Scene): Promise<void> {
  await scene.redshift.pool.query('CREATE TABLE lines (line text)');
  await create(scene, 'lines', { CopyCommand: { DataTableName: 'lines' } });
  const acknowledged: string[] = [];
  const sent = new Set<string>();
  for (let round = 0; round < 4; round += 1) {
    const statements = scene.redshift.statements.length;
    const writing = (async () => {
      for (let batch = 0; ; batch += 1) {
        const lines = Array.from({ length: 50 }, (_, index) => `${round} ${batch} ${index}`);
        for (const line of lines) sent.add(line);
        const texts = lines.map((line) => `${line}\n`);
        const isTaken = await put(scene, 'lines', texts).then(
          () => true,
          () => false,
        );
        if (!isTaken) return;
        acknowledged.push(...lines);
      }
    })();
    await untilTrue(() => scene.redshift.statements.length > statements + 3 + round, 'statements', 60_000);
    await scene.server.stop('SIGKILL');
    await writing;
    await scene.startAgain();
  }
  await untilLoaded(scene, acknowledged, sent);
}

async function untilLoaded(
  scene: Scene,
  lines: readonly string[],
  sent: ReadonlySet<unknown> = new Set(lines),
): Promise<void> {
  await untilTrue(
    async () => {
      const there = new Set((await rowsOf(scene, 'SELECT DISTINCT line FROM lines')).map(([line]) => line));
      for (const line of there) assert.ok(sent.has(line), `a row that nobody put: ${String(line)}`);
      return lines.every((line) => there.has(line));
    },
    'every line in the table',
    90_000,
  );
}

/** No table: the manifest stands among the errors when the retry time is over, and loads everything by hand. */
export async function givesUp(scene: Scene): Promise<void> {
  const { s3, redshift } = scene;
  await create(scene, 'late', {
    CopyCommand: { DataTableName: 'late', CopyOptions: "JSON 'auto'" },
    RetryOptions: { DurationInSeconds: 2 },
  });
  await put(scene, 'late', ['{"a":1}', '{"a":2}']);
  await untilTrue(
    async () => (await s3.keys('logs', 'late/errors/')).length > 0,
    'a manifest among the errors',
    60_000,
  );
  const [manifest] = await s3.keys('logs', 'late/errors/');
  assert.match(manifest!, /^late\/errors\/manifests\/\d{4}\/\d\d\/\d\d\/\d\d\/late-1-/);
  assert.match(scene.server.log(), /Cannot COPY into nonexistent table late/);
  assert.ok(scene.server.log().includes(`its manifest is s3://logs/${manifest!}`));
  const copies = redshift.statements.filter((text) => text.startsWith('COPY late '));
  assert.ok(copies.length >= 2, `${copies.length} tries`);
  assert.equal(new Set(copies).size, 1);
  await redshift.pool.query('CREATE TABLE late (a int)');
  await put(scene, 'late', ['{"a":3}']);
  await untilTrue(async () => (await rowsOf(scene, 'SELECT a FROM late')).length === 1, 'what came after', 60_000);
  const byHand = copies[0]!.replace(/'s3:[^']*'/, `'s3://logs/${manifest!}'`);
  await runByHand(redshift, byHand);
  assert.deepEqual(await rowsOf(scene, 'SELECT a FROM late ORDER BY a'), [[1], [2], [3]]);
}

async function runByHand(redshift: RunningRedshift, text: string): Promise<void> {
  const { Client } = await import('pg');
  const client = new Client({ ...redshift });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}
