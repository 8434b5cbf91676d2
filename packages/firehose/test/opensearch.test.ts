import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { HttpAnswer, HttpRequest } from '@millrace/firehose';
import { movableWorld } from '@millrace/world';
import { SearchCluster } from './search-cluster.ts';
import { MemoryObjects, movableFirehose, openTestFirehose, s3, until } from './support.ts';
import type { TestFirehose } from './support.ts';

type Opened = Awaited<ReturnType<typeof movableFirehose>>;

const RoleARN = s3.RoleARN;
const configuration = {
  RoleARN,
  ClusterEndpoint: 'https://search.example',
  IndexName: 'logs',
  IndexRotationPeriod: 'NoRotation',
  BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 0 },
  S3Configuration: s3,
};

interface Given {
  readonly member?: string;
  readonly search?: object;
  /** What is sent first may be answered otherwise: undefined leaves it to the cluster. */
  answer?(request: HttpRequest): HttpAnswer | Promise<HttpAnswer> | undefined;
}

async function withCluster(
  { member = 'AmazonopensearchserviceDestinationConfiguration', search = {}, answer }: Given,
  run: (firehose: Opened, cluster: SearchCluster) => Promise<void>,
): Promise<void> {
  const cluster = new SearchCluster();
  const firehose = await movableFirehose({
    http: { send: async (request) => (await answer?.(request)) ?? cluster.take(request) },
  });
  try {
    await create(firehose, { [member]: { ...configuration, ...search } });
    await run(firehose, cluster);
    assert.deepEqual(cluster.wrong, []);
  } finally {
    await firehose.end();
  }
}

async function create(firehose: TestFirehose, destination: object): Promise<void> {
  await firehose.call('CreateDeliveryStream', { DeliveryStreamName: 'd', ...destination });
  await firehose.untilActive('d');
}

async function put({ call }: Pick<TestFirehose, 'call'>, ...records: (object | string | Buffer)[]): Promise<void> {
  const Records = records.map((record) => {
    const isText = typeof record === 'string' || Buffer.isBuffer(record);
    return { Data: Buffer.from(isText ? record : JSON.stringify(record)).toString('base64') };
  });
  await call('PutRecordBatch', { DeliveryStreamName: 'd', Records });
}

function delivered({ metrics }: Opened['firehose']): number {
  return metrics()['records']!;
}

function failedLines({ objects }: Opened): Record<string, unknown>[] {
  return objects.stored.flatMap(({ body }) =>
    String(body)
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>),
  );
}

/** Moves the clock on until what is tried again has been. */
async function passTime(firehose: Opened, condition: () => boolean): Promise<void> {
  for (let step = 0; !condition(); step += 1) {
    assert.ok(step < 5000, 'gave up waiting');
    firehose.world.advance(1000);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

test('records become documents of the index under ids of their own; white space stays within its line', () =>
  withCluster({}, async (firehose, cluster) => {
    await put(firehose, { n: 1 }, '{\r\n  "n": 2,\n  "text": "a\\nb"\n}\n', '{"n":3}');
    await until(() => delivered(firehose.firehose) === 3);
    assert.deepEqual(cluster.sources('logs'), [{ n: 1 }, { n: 2, text: 'a\nb' }, { n: 3 }]);
    const ids = cluster.bulks.flat().map(({ id }) => id);
    assert.equal(new Set(ids).size, 3);
    assert.ok(ids.every((id) => id !== undefined));
    assert.equal(cluster.requests[0]!.url, 'https://search.example/_bulk');
    assert.deepEqual(cluster.requests[0]!.headers, { 'content-type': 'application/x-ndjson' });
    assert.deepEqual(firehose.objects.stored, []);
  }));

for (const [what, record] of [
  ['text', 'plain'],
  ['an array', '[{"a":1}]'],
  ['two objects', '{"a":1}{"a":2}'],
  ['two lines of objects', '{"a":1}\n{"a":2}'],
  ['null', 'null'],
  ['nothing', ''],
  ['no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
] as const)
  test(`a record that is no document goes to the error prefix at once, and the others to the cluster: ${what}`, () =>
    withCluster({}, async (firehose, cluster) => {
      await put(firehose, { n: 1 }, record, { n: 2 });
      await until(() => delivered(firehose.firehose) === 3);
      assert.deepEqual(cluster.sources('logs'), [{ n: 1 }, { n: 2 }]);
      const [failed, ...more] = failedLines(firehose);
      assert.deepEqual(more, []);
      assert.equal(failed!['rawData'], Buffer.from(record).toString('base64'));
      assert.equal(failed!['errorCode'], '400');
      assert.equal(failed!['attemptsMade'], 1);
    }));

test('of a bulk what is refused for the moment is sent again alone; what never fits goes to the error prefix with its place', () =>
  withCluster({ search: { TypeName: 'event' } }, async (firehose, cluster) => {
    let refusals = 2;
    cluster.fate = ({ source: { n } }) => {
      if (n === 2) return { status: 400, type: 'mapper_parsing_exception' };
      if (n === 3 && (refusals -= 1) >= 0) return { status: 429, type: 'rejected_execution_exception' };
      return 'taken';
    };
    await put(firehose, { n: 1 }, { n: 2 }, { n: 3 });
    await passTime(firehose, () => delivered(firehose.firehose) === 3);
    assert.deepEqual(
      cluster.bulks.map((bulk) => bulk.map(({ source: { n } }) => n)),
      [[1, 2, 3], [3], [3]],
    );
    assert.deepEqual(cluster.sources('logs'), [{ n: 1 }, { n: 3 }]);
    assert.equal(cluster.bulks[0]![2]!.id, cluster.bulks[2]![0]!.id);
    const [object] = firehose.objects.stored;
    assert.match(object!.key, /^AmazonOpenSearchService_failed\/\d{4}\/\d\d\/\d\d\/\d\d\/d-1-/);
    const [failed] = failedLines(firehose);
    const { arrivalTimestamp, attemptEndingTimestamp, ...others } = failed!;
    assert.equal(typeof arrivalTimestamp, 'number');
    assert.equal(typeof attemptEndingTimestamp, 'number');
    assert.deepEqual(others, {
      attemptsMade: 1,
      errorCode: '400',
      errorMessage: '{"type":"mapper_parsing_exception","reason":"no mapper_parsing_exception"}',
      esDocumentId: cluster.bulks[0]![1]!.id,
      esIndexName: 'logs',
      esTypeName: 'event',
      rawData: Buffer.from('{"n":2}').toString('base64'),
    });
    assert.equal(cluster.bulks[0]![0]!.type, 'event');
  }));

test('each refusal is that of its own record, whatever stood before it in the buffer, in another bulk or in none', () =>
  withCluster({}, async (firehose, cluster) => {
    cluster.maxBytes = 400;
    cluster.fate = ({ source }) =>
      (source['n'] as number) % 3 === 0 ? { status: 400, type: 'mapper_parsing_exception' } : 'taken';
    const records = Array.from({ length: 30 }, (_, n) => (n % 7 === 0 ? `wrong ${n}` : JSON.stringify({ n })));
    await put(firehose, ...records);
    await until(() => delivered(firehose.firehose) === 30);
    const isTaken = (n: number): boolean => n % 7 !== 0 && n % 3 !== 0;
    assert.deepEqual(
      cluster.sources('logs').map(({ n }) => n),
      records.flatMap((_, n) => (isTaken(n) ? [n] : [])),
    );
    assert.deepEqual(
      failedLines(firehose).map(({ rawData }) => Buffer.from(rawData as string, 'base64').toString()),
      records.filter((_, n) => !isTaken(n)),
    );
  }));

for (const [what, answer, code] of [
  ['a status of its own', () => ({ status: 503, body: 'master not discovered' }), '503'],
  ['no rights', () => ({ status: 403, body: 'no' }), '403'],
  ['no answer', () => Promise.reject(new Error('connection refused')), 'OS.ServiceException'],
  ['what is no JSON', () => ({ status: 200, body: '<html>' }), 'OS.ServiceException'],
  ['null', () => ({ status: 200, body: 'null' }), 'OS.ServiceException'],
  ['half of the items', () => ({ status: 200, body: '{"items":[{"index":{"status":201}}]}' }), 'OS.ServiceException'],
  ['items that say nothing', () => ({ status: 200, body: '{"items":[{},null]}' }), 'OS.ServiceException'],
] as [string, () => HttpAnswer | Promise<HttpAnswer>, string][])
  test(`a bulk that is not taken as a whole is tried again until its time is over: ${what}`, () =>
    withCluster({ search: { RetryOptions: { DurationInSeconds: 60 } }, answer }, async (firehose, cluster) => {
      await put(firehose, { n: 1 }, { n: 2 });
      await passTime(firehose, () => delivered(firehose.firehose) === 2);
      assert.deepEqual(cluster.bulks, []);
      const failed = failedLines(firehose);
      assert.deepEqual(
        failed.map(({ rawData }) => Buffer.from(rawData as string, 'base64').toString()),
        ['{"n":1}', '{"n":2}'],
      );
      assert.deepEqual(new Set(failed.map(({ errorCode }) => errorCode)), new Set([code]));
      assert.ok((failed[0]!['attemptsMade'] as number) > 3);
    }));

test('answers that are lost make no second document, not even after another start', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-search-'));
  const cluster = new SearchCluster();
  const world = movableWorld();
  const objects = new MemoryObjects();
  const lost = (request: HttpRequest): Promise<HttpAnswer> => {
    cluster.take(request);
    return Promise.reject(new Error('the answer is lost'));
  };
  let send: (request: HttpRequest) => Promise<HttpAnswer> = lost;
  const open = (): Promise<TestFirehose> =>
    openTestFirehose({ world, directory, objects, http: { send: (request) => send(request) } });
  let firehose = await open();
  await create(firehose, { AmazonopensearchserviceDestinationConfiguration: configuration });
  await put(firehose, { n: 1 }, { n: 2 });
  await until(() => cluster.bulks.length === 1);
  await firehose.stop();
  firehose = await open();
  await until(() => cluster.bulks.length === 2);
  send = async (request) => cluster.take(request);
  const { metrics } = firehose.firehose;
  for (let step = 0; metrics()['records'] !== 2; step += 1) {
    assert.ok(step < 1000, 'gave up waiting');
    world.advance(1000);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await firehose.stop();
  await rm(directory, { recursive: true, force: true });
  assert.deepEqual(
    [...cluster.documents.values()],
    [
      { source: { n: 1 }, version: 3 },
      { source: { n: 2 }, version: 3 },
    ],
  );
  assert.deepEqual(objects.stored, []);
  assert.deepEqual(cluster.wrong, []);
});

test('without ids of Firehose the cluster makes its own', () =>
  withCluster(
    { search: { DocumentIdOptions: { DefaultDocumentIdFormat: 'NO_DOCUMENT_ID' } } },
    async (firehose, cluster) => {
      await put(firehose, { n: 1 }, 'wrong');
      await until(() => delivered(firehose.firehose) === 2);
      assert.deepEqual(cluster.bulks, [[{ index: 'logs', id: undefined, type: undefined, source: { n: 1 } }]]);
      assert.equal('esDocumentId' in failedLines(firehose)[0]!, false);
    },
  ));

test('what is too large for the cluster is sent in halves; a document that is, goes to the error prefix', () =>
  withCluster({}, async (firehose, cluster) => {
    cluster.maxBytes = 600;
    const numbers = Array.from({ length: 40 }, (_, n) => n);
    await put(firehose, ...numbers.map((n) => ({ n })), { large: 'x'.repeat(1000) });
    await until(() => delivered(firehose.firehose) === 41);
    assert.deepEqual(
      cluster.sources('logs').map(({ n }) => n),
      numbers,
    );
    assert.ok(cluster.bulks.every((bulk) => bulk.length < 10));
    assert.deepEqual(
      failedLines(firehose).map(({ errorCode }) => errorCode),
      ['413'],
    );
  }));

test('a buffer is sent in bulks of 5,000 documents and 10 MiB', () =>
  withCluster({ search: { BufferingHints: { SizeInMBs: 15, IntervalInSeconds: 60 } } }, async (firehose, cluster) => {
    for (let page = 0; page < 11; page += 1)
      await put(firehose, ...Array.from({ length: 500 }, (_, n) => ({ n: page * 500 + n })));
    for (let n = 0; n < 24; n += 1) await put(firehose, { n: 5500 + n, text: 'x'.repeat(600_000) });
    await passTime(firehose, () => delivered(firehose.firehose) === 5524);
    assert.equal(cluster.bulks[0]!.length, 5000);
    assert.ok(cluster.bulks.length >= 3);
    assert.deepEqual(
      cluster.sources('logs').map(({ n }) => n),
      Array.from({ length: 5524 }, (_, n) => n),
    );
  }));

test('everything is kept in the bucket where that is asked for, once, and what failed besides', () => {
  let refusals = 2;
  return withCluster(
    {
      search: { S3BackupMode: 'AllDocuments', S3Configuration: { ...s3, Prefix: 'all/' } },
      answer: () => ((refusals -= 1) >= 0 ? { status: 503, body: '' } : undefined),
    },
    async (firehose, cluster) => {
      await put(firehose, '{"n":1}\n', 'wrong\n');
      await passTime(firehose, () => delivered(firehose.firehose) === 2);
      assert.deepEqual(cluster.sources('logs'), [{ n: 1 }]);
      assert.deepEqual(
        firehose.objects.stored.map(({ key, body }) => [key.split('/')[0], String(body).split('\n')[0]!.slice(0, 7)]),
        [
          ['all', '{"n":1}'],
          ['AmazonOpenSearchService_failed', '{"attem'],
        ],
      );
    },
  );
});

test('Elasticsearch and OpenSearch Serverless have names of their own for what failed', async () => {
  await withCluster({ member: 'ElasticsearchDestinationConfiguration' }, async (firehose) => {
    await put(firehose, 'wrong');
    await until(() => delivered(firehose.firehose) === 1);
    assert.match(firehose.objects.stored[0]!.key, /^elasticsearch-failed\//);
    assert.equal(failedLines(firehose)[0]!['esIndexName'], 'logs');
  });
  const { ClusterEndpoint: CollectionEndpoint, IndexRotationPeriod: _, ...others } = configuration;
  const cluster = new SearchCluster();
  const firehose = await movableFirehose({ http: { send: async (request) => cluster.take(request) } });
  await create(firehose, {
    AmazonOpenSearchServerlessDestinationConfiguration: { ...others, CollectionEndpoint },
  });
  await put(firehose, { n: 1 }, 'wrong');
  await until(() => delivered(firehose.firehose) === 2);
  assert.deepEqual(cluster.bulks, [[{ index: 'logs', id: undefined, type: undefined, source: { n: 1 } }]]);
  const [failed] = failedLines(firehose);
  assert.equal(failed!['osIndexName'], 'logs');
  assert.equal('esTypeName' in failed!, false);
  await firehose.end();
});
