import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { StatementRefused } from '@millrace/firehose';
import type { Statement } from '@millrace/firehose';
import { movableWorld } from '@millrace/world';
import { MemoryObjects, movableFirehose, openTestFirehose, s3, until } from './support.ts';

type Opened = Awaited<ReturnType<typeof movableFirehose>>;

/** A database that answers as it is told, and what it was asked. */
class Database {
  readonly statements: Statement[] = [];
  answer: (statement: Statement) => Promise<void> | void = () => undefined;

  async run(statement: Statement): Promise<void> {
    this.statements.push(statement);
    await this.answer(statement);
  }
}

const role = 'arn:aws:iam::000000000000:role/load';
const configuration = {
  RoleARN: role,
  ClusterJDBCURL: 'jdbc:redshift://examplecluster.abc123.us-east-1.redshift.amazonaws.com:5439/dev',
  CopyCommand: { DataTableName: 'public.events', CopyOptions: "JSON 'auto'" },
  Username: 'loader',
  Password: 'hidden-from-all',
  S3Configuration: { ...s3, Prefix: 'in/', BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 0 } },
};

async function withDatabase(
  redshift: object,
  run: (firehose: Opened, database: Database) => Promise<void>,
  objects = new MemoryObjects(),
): Promise<void> {
  const database = new Database();
  const firehose = await movableFirehose({ statements: database, objects });
  try {
    await firehose.call('CreateDeliveryStream', {
      DeliveryStreamName: 'd',
      RedshiftDestinationConfiguration: { ...configuration, ...redshift },
    });
    await firehose.untilActive('d');
    await run({ ...firehose, objects }, database);
  } finally {
    await firehose.end();
  }
}

async function put({ call }: Opened, ...texts: string[]): Promise<void> {
  const Records = texts.map((text) => ({ Data: Buffer.from(text).toString('base64') }));
  await call('PutRecordBatch', { DeliveryStreamName: 'd', Records });
}

function records({ firehose }: Opened): number {
  return firehose.metrics()['records']!;
}

async function described({ call }: Opened): Promise<Record<string, unknown>> {
  const { DeliveryStreamDescription: description } = await call('DescribeDeliveryStream', { DeliveryStreamName: 'd' });
  const [destination] = (description as { Destinations: Record<string, Record<string, unknown>>[] }).Destinations;
  return destination!['RedshiftDestinationDescription']!;
}

function update({ refusal }: Opened, version: number, member: string, given: object): Promise<string> {
  return refusal('UpdateDestination', {
    DeliveryStreamName: 'd',
    DestinationId: 'destinationId-000000000001',
    CurrentDeliveryStreamVersionId: String(version),
    [member]: given,
  });
}

const hour = String.raw`\d{4}/\d\d/\d\d/\d\d/d-1-`;

test('records become an object and a manifest, and one COPY loads them', () =>
  withDatabase({}, async (firehose, database) => {
    await put(firehose, '{"a":1}', '{"a":2}');
    await until(() => records(firehose) === 2);
    const [object, manifest] = firehose.objects.stored;
    assert.match(object!.key, new RegExp(`^in/${hour}`));
    assert.equal(String(object!.body), '{"a":1}{"a":2}');
    assert.match(manifest!.key, new RegExp(`^in/manifests/${hour}`));
    assert.deepEqual(JSON.parse(String(manifest!.body)), {
      entries: [{ url: `s3://logs/${object!.key}`, mandatory: true }],
    });
    assert.equal(firehose.objects.stored.length, 2);
    const [{ signal, ...statement }] = database.statements as [Statement];
    assert.equal(signal.aborted, false);
    assert.deepEqual(statement, {
      host: 'examplecluster.abc123.us-east-1.redshift.amazonaws.com',
      port: 5439,
      isEncrypted: true,
      database: 'dev',
      user: 'loader',
      password: 'hidden-from-all',
      text: `COPY public.events FROM 's3://logs/${manifest!.key}' CREDENTIALS 'aws_iam_role=${role}' MANIFEST JSON 'auto'`,
      connectTimeoutMs: 10_000,
      timeoutMs: 900_000,
    });
    assert.equal(database.statements.length, 1);
    const samples = new Map([...firehose.firehose.samples()].map(({ name, value }) => [name, value]));
    assert.equal(samples.get('DeliveryToRedshift.Records'), 2);
    assert.equal(samples.get('DeliveryToS3.Success.Sum'), 1);
  }));

test('a refused COPY is tried again with the same manifest, and stores nothing again', () =>
  withDatabase({}, async (firehose, database) => {
    let refusals = 3;
    database.answer = () => {
      if ((refusals -= 1) >= 0) throw new StatementRefused('42P01', 'relation "events" does not exist');
    };
    await put(firehose, 'one');
    for (let tries = 1; tries <= 3; tries += 1) {
      await until(() => database.statements.length === tries);
      firehose.world.advance(60_000);
    }
    await until(() => records(firehose) === 1);
    assert.equal(new Set(database.statements.map(({ text }) => text)).size, 1);
    assert.equal(database.statements.length, 4);
    assert.equal(firehose.objects.stored.length, 2);
  }));

for (const [seconds, tries] of [
  [0, 1],
  [100, 3],
] as const)
  test(`after ${seconds} s of refusals the manifest stands among the errors, and delivery goes on`, () =>
    withDatabase({ RetryOptions: { DurationInSeconds: seconds } }, async (firehose, database) => {
      database.answer = () => Promise.reject(new Error('connect ECONNREFUSED'));
      await put(firehose, 'one');
      for (let done = 1; records(firehose) === 0; done += 1) {
        await until(() => database.statements.length === done || records(firehose) === 1);
        firehose.world.advance(60_000);
        assert.ok(done < 10, 'it is tried for ever');
      }
      // A minute is the most between two tries, half of it the least.
      assert.ok(database.statements.length >= tries - 1 && database.statements.length <= tries + 1);
      const [object, , skipped] = firehose.objects.stored;
      assert.match(skipped!.key, new RegExp(`^in/errors/manifests/${hour}`));
      assert.deepEqual(JSON.parse(String(skipped!.body)), {
        entries: [{ url: `s3://logs/${object!.key}`, mandatory: true }],
      });
      database.answer = () => undefined;
      await put(firehose, 'two');
      await until(() => records(firehose) === 2);
      assert.equal(firehose.objects.stored.length, 5);
    }));

test('what is given up is not loaded again because its manifest could not be stored', async () => {
  const objects = new (class extends MemoryObjects {
    refusals = 2;

    override async put(object: Parameters<MemoryObjects['put']>[0]): Promise<void> {
      if (object.key.includes('errors/') && (this.refusals -= 1) >= 0) throw new Error('503 Slow Down');
      await super.put(object);
    }
  })();
  const run = async (firehose: Opened, database: Database): Promise<void> => {
    database.answer = () => Promise.reject(new Error('connect ECONNREFUSED'));
    await put(firehose, 'one');
    for (const left of [1, 0]) {
      await until(() => objects.refusals === left);
      firehose.world.advance(60_000);
    }
    await until(() => records(firehose) === 1);
    assert.equal(database.statements.length, 1);
    assert.equal(objects.stored.length, 3);
  };
  await withDatabase({ RetryOptions: { DurationInSeconds: 0 } }, run, objects);
});

test('a COPY that is under way when the server stops is not given up, and is done after the next start', async () => {
  const world = movableWorld();
  const directory = await mkdtemp(join(tmpdir(), 'millrace-firehose-'));
  const [objects, database] = [new MemoryObjects(), new Database()];
  const open = (): ReturnType<typeof openTestFirehose> =>
    openTestFirehose({ world, directory, objects, statements: database });
  try {
    const first = await open();
    await first.call('CreateDeliveryStream', {
      DeliveryStreamName: 'd',
      RedshiftDestinationConfiguration: { ...configuration, RetryOptions: { DurationInSeconds: 0 } },
    });
    await first.untilActive('d');
    database.answer = ({ signal }) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('given up'))));
    await first.call('PutRecord', { DeliveryStreamName: 'd', Record: { Data: 'b25l' } });
    await until(() => database.statements.length === 1);
    const stopped = first.stop();
    // What is under way has ten seconds.
    world.advance(10_000);
    await stopped;
    database.answer = () => undefined;
    const second = await open();
    await until(() => second.firehose.metrics()['records'] === 1);
    await second.stop();
    assert.equal(database.statements.length, 2);
    assert.deepEqual(
      objects.stored.filter(({ key }) => key.includes('errors/')),
      [],
    );
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

test('records as they came are kept once where backup is enabled; processing has its own errors; GZIP', () =>
  withDatabase(
    {
      S3Configuration: { ...configuration.S3Configuration, CompressionFormat: 'GZIP', ErrorOutputPrefix: 'bad/' },
      S3BackupMode: 'Enabled',
      S3BackupConfiguration: { RoleARN: role, BucketARN: 'arn:aws:s3:::kept', Prefix: 'raw/' },
      CopyCommand: { DataTableName: 'events', CopyOptions: "JSON 'auto' GZIP;" },
      ProcessingConfiguration: {
        Enabled: true,
        Processors: [
          { Type: 'Decompression', Parameters: [{ ParameterName: 'CompressionFormat', ParameterValue: 'GZIP' }] },
          { Type: 'AppendDelimiterToRecord', Parameters: [] },
        ],
      },
    },
    async (firehose, database) => {
      const packed = gzipSync('{"a":1}');
      let refusals = 1;
      database.answer = () => {
        if ((refusals -= 1) >= 0) throw new Error('the connection broke');
      };
      await firehose.call('PutRecordBatch', {
        DeliveryStreamName: 'd',
        Records: [{ Data: packed.toString('base64') }, { Data: Buffer.from('no gzip').toString('base64') }],
      });
      await until(() => database.statements.length === 1);
      firehose.world.advance(60_000);
      await until(() => records(firehose) === 2);
      const byKey = (pattern: RegExp): MemoryObjects['stored'] =>
        firehose.objects.stored.filter(({ key }) => pattern.test(key));
      const [kept] = byKey(/^raw\//);
      assert.equal(kept!.bucket, 'kept');
      assert.deepEqual(kept!.body, Buffer.concat([packed, Buffer.from('no gzip')]));
      const [object] = byKey(/^in\/\d.*\.gz$/);
      assert.equal(String(gunzipSync(object!.body)), '{"a":1}\n');
      assert.match(String(byKey(/^bad\//)[0]!.body), /"errorCode":"Decompression failed."/);
      assert.equal(firehose.objects.stored.length, 4);
      assert.match(database.statements[1]!.text, / MANIFEST JSON 'auto' GZIP$/);
    },
  ));

test('where processing leaves nothing over there is nothing to load', () =>
  withDatabase(
    {
      ProcessingConfiguration: {
        Enabled: true,
        Processors: [
          { Type: 'Decompression', Parameters: [{ ParameterName: 'CompressionFormat', ParameterValue: 'GZIP' }] },
        ],
      },
    },
    async (firehose, database) => {
      await put(firehose, 'no gzip');
      await until(() => records(firehose) === 1);
      assert.deepEqual(database.statements, []);
      assert.equal(firehose.objects.stored.length, 1);
    },
  ));

test('the description leaves the password out; an update leaves what it does not name', () =>
  withDatabase({}, async (firehose, database) => {
    const first = await described(firehose);
    assert.deepEqual(first['RetryOptions'], { DurationInSeconds: 3600 });
    assert.equal(first['Username'], 'loader');
    assert.equal(first['S3BackupMode'], 'Disabled');
    const answers = [
      await update(firehose, 1, 'RedshiftDestinationUpdate', {
        Password: 'another-secret',
        RetryOptions: { DurationInSeconds: 7 },
        S3Update: { Prefix: 'else/' },
      }),
      await update(firehose, 2, 'RedshiftDestinationUpdate', { S3BackupMode: 'Enabled' }),
      await update(firehose, 2, 'RedshiftDestinationUpdate', { S3BackupMode: 'Enabled', S3BackupUpdate: s3 }),
      await update(firehose, 3, 'RedshiftDestinationUpdate', { S3BackupMode: 'Disabled' }),
    ];
    assert.match(answers[1]!, /^InvalidArgumentException: S3BackupConfiguration must be specified/);
    assert.match(answers[3]!, /^InvalidArgumentException: S3 backup cannot be disabled/);
    assert.deepEqual([answers[0], answers[2]], ['nothing', 'nothing']);
    const then = await described(firehose);
    assert.deepEqual(then['RetryOptions'], { DurationInSeconds: 7 });
    assert.deepEqual(then['CopyCommand'], configuration.CopyCommand);
    const bucket = then['S3DestinationDescription'] as Record<string, unknown>;
    assert.equal(bucket['Prefix'], 'else/');
    assert.deepEqual(bucket['BufferingHints'], { SizeInMBs: 1, IntervalInSeconds: 0 });
    assert.equal((then['S3BackupDescription'] as typeof s3).BucketARN, s3.BucketARN);
    assert.doesNotMatch(JSON.stringify([first, then]), /secret|hidden/);
    await put(firehose, 'one');
    await until(() => records(firehose) === 1);
    assert.equal(database.statements[0]!.password, 'another-secret');
    assert.equal(database.statements[0]!.user, 'loader');
  }));

test('another kind becomes Redshift where all of it is named', () =>
  withDatabase({}, async (firehose) => {
    assert.equal(await update(firehose, 1, 'S3DestinationUpdate', s3), 'nothing');
    const { S3Configuration, ...rest } = configuration;
    assert.match(
      await update(firehose, 2, 'RedshiftDestinationUpdate', rest),
      /^InvalidArgumentException: RoleARN, ClusterJDBCURL, CopyCommand and S3Update must be specified/,
    );
    assert.equal(
      await update(firehose, 2, 'RedshiftDestinationUpdate', { ...rest, S3Update: S3Configuration }),
      'nothing',
    );
    assert.equal((await described(firehose))['ClusterJDBCURL'], configuration.ClusterJDBCURL);
  }));

const wrong: readonly (readonly [string, object, RegExp])[] = [
  ['Snappy', { S3Configuration: { ...s3, CompressionFormat: 'Snappy' } }, /The compression format Snappy cannot be/],
  ['ZIP', { S3Configuration: { ...s3, CompressionFormat: 'ZIP' } }, /The compression format ZIP cannot be specified/],
  [
    'Hadoop Snappy',
    { S3Configuration: { ...s3, CompressionFormat: 'HADOOP_SNAPPY' } },
    /The compression format HADOOP_SNAPPY cannot/,
  ],
  ['no user', { Username: undefined }, /Username and Password must be specified/],
  ['no password', { Password: undefined }, /Username and Password must be specified/],
  [
    'a secret',
    {
      Username: undefined,
      SecretsManagerConfiguration: {
        Enabled: true,
        SecretARN: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:s',
        RoleARN: role,
      },
    },
    /Millrace does not have Secrets Manager/,
  ],
  ['a port that is none', { ClusterJDBCURL: 'jdbc:redshift://a.redshift.local:70000/dev' }, /is not of the form jdbc:/],
  ['options', { ClusterJDBCURL: 'jdbc:redshift://a.redshift.local:1/dev?ssl=false' }, /failed to satisfy constraint/],
  ['another host', { ClusterJDBCURL: 'jdbc:redshift://example.com:5439/dev' }, /failed to satisfy constraint/],
  ['too long a retry', { RetryOptions: { DurationInSeconds: 7201 } }, /less than or equal to 7200/],
  ['a table that is none', { CopyCommand: { DataTableName: 'a..b' } }, /DataTableName a..b has no name/],
  ['a quote that does not end', { CopyCommand: { DataTableName: '"a' } }, /a quote that does not end/],
  ['columns that are none', { CopyCommand: { DataTableName: 'a', DataTableColumns: 'b,,c' } }, /DataTableColumns b,,c/],
  ['a backslash', { S3Configuration: { ...s3, Prefix: 'a\\' } }, /Prefix cannot have a backslash/],
  ['a backup without a bucket', { S3BackupMode: 'Enabled' }, /S3BackupConfiguration must be specified/],
  ['a long prefix', { S3Configuration: { ...s3, Prefix: 'x'.repeat(931) } }, /longer than the 1024 bytes/],
];
for (const [what, given, message] of wrong)
  test(`refused: ${what}`, () =>
    withDatabase({}, async (firehose) => {
      const refused = await firehose.refusal('CreateDeliveryStream', {
        DeliveryStreamName: 'e',
        RedshiftDestinationConfiguration: { ...configuration, ...given },
      });
      assert.match(refused, message);
      assert.match(refused, /^(InvalidArgumentException|ValidationException): /);
    }));

test('a name below localhost is this machine, without TLS', () =>
  withDatabase({ ClusterJDBCURL: 'jdbc:postgresql://db.redshift.localhost:5439/dev' }, async (firehose, database) => {
    await put(firehose, 'one');
    await until(() => records(firehose) === 1);
    const { host, isEncrypted } = database.statements[0]!;
    assert.deepEqual({ host, isEncrypted }, { host: 'localhost', isEncrypted: false });
  }));

test('a database that hangs keeps no memory from others', async () => {
  const database = new Database();
  // Room for one window, and not for two.
  const firehose = await movableFirehose({ statements: database, deliveryBytes: 4 << 20 });
  try {
    database.answer = ({ user, signal }) =>
      user === 'hangs'
        ? new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('given up'))))
        : undefined;
    for (const name of ['hangs', 'd']) {
      await firehose.call('CreateDeliveryStream', {
        DeliveryStreamName: name,
        RedshiftDestinationConfiguration: { ...configuration, Username: name },
      });
      await firehose.untilActive(name);
    }
    await firehose.call('PutRecord', { DeliveryStreamName: 'hangs', Record: { Data: 'b25l' } });
    await until(() => database.statements.length === 1);
    await put(firehose, 'one');
    await until(() => records(firehose) === 1);
  } finally {
    const ended = firehose.end();
    firehose.world.advance(10_000);
    await ended;
  }
});
