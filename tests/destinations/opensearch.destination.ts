/** OpenSearch itself, and Elasticsearch, as a destination: what is found there by search, what is not, and what outages leave behind. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startServer } from '../../tools/server-process.ts';
import type { ServerProcess } from '../../tools/server-process.ts';
import { untilTrue } from '../clients/environments.ts';
import { firehoseCaller, untilDelivering } from '../process/caller.ts';
import type { Call } from '../process/caller.ts';
import { startElasticsearch, startOpenSearch } from './servers/opensearch.ts';
import type { RunningOpenSearch } from './servers/opensearch.ts';

const timeout = 400_000;
const role = 'arn:aws:iam::000000000000:role/firehose';
const name = 'd';
const search = {
  RoleARN: role,
  DomainARN: 'arn:aws:es:us-east-1:000000000000:domain/tests',
  IndexName: 'readings',
  IndexRotationPeriod: 'NoRotation',
  BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 0 },
  RetryOptions: { DurationInSeconds: 7200 },
  S3Configuration: { RoleARN: role, BucketARN: 'arn:aws:s3:::logs' },
};

async function create(call: Call, more: object): Promise<void> {
  await call('CreateDeliveryStream', {
    DeliveryStreamName: name,
    AmazonopensearchserviceDestinationConfiguration: { ...search, ...more },
  });
  await untilDelivering(call, name);
}

async function put(call: Call, records: readonly (object | string)[]): Promise<void> {
  const texts = records.map((record) => (typeof record === 'string' ? record : JSON.stringify(record)));
  const Records = texts.map((text) => ({ Data: Buffer.from(text).toString('base64') }));
  await call('PutRecordBatch', { DeliveryStreamName: name, Records });
}

/** The objects of the bucket, which is a folder below the data directory, by their keys. */
async function objects(data: string): Promise<Map<string, string>> {
  const bucket = join(data, 'buckets/logs');
  const entries = await readdir(bucket, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const found = await Promise.all(
    files.map(async (file) => [file.slice(bucket.length + 1), await readFile(file, 'utf8')] as const),
  );
  return new Map(found);
}

async function numbers(cluster: RunningOpenSearch, index: string): Promise<number[]> {
  const documents = await cluster.documents(index);
  return [...documents.values()].map(({ n }) => n as number).toSorted((one, other) => one - other);
}

interface Place {
  /** Stopped and started again, it is another. */
  cluster: RunningOpenSearch;
  readonly data: string;
  start(env?: NodeJS.ProcessEnv): Promise<ServerProcess>;
  /** On the same port and directory. */
  startCluster(): Promise<void>;
}

/** `run` gets a cluster, and servers that know it as the domain `tests`. */
async function withCluster(run: (place: Place) => Promise<void>, start = startOpenSearch): Promise<void> {
  const [directory, data] = await Promise.all(
    ['search', 'data'].map((each) => mkdtemp(join(tmpdir(), `millrace-${each}-`))),
  );
  const cluster = await start({ directory: directory! });
  const { port, endpoint } = cluster;
  const args = ['--data', data!, '--transition-ms', '0', '--limits', 'none', '--search-domains', `tests=${endpoint}`];
  const place: Place = {
    cluster,
    data: data!,
    start: (env) => startServer(args, env ? { env } : {}),
    async startCluster() {
      place.cluster = await start({ directory: directory!, port });
    },
  };
  try {
    await run(place);
  } finally {
    await place.cluster.stop();
    await Promise.all([directory!, data!].map((each) => rm(each, { recursive: true, force: true })));
  }
}

test('OpenSearch: documents are found by search; what it refuses lies under the error prefix', { timeout }, () =>
  withCluster(async ({ cluster, data, start }) => {
    const mappings = { properties: { at: { type: 'date' }, n: { type: 'integer' } } };
    await cluster.call('PUT', '/_index_template/readings', { index_patterns: ['readings*'], template: { mappings } });
    const server = await start();
    try {
      const call = firehoseCaller(server.endpoint);
      await create(call, { IndexRotationPeriod: 'OneHour', S3BackupMode: 'AllDocuments' });
      const hours = [new Date().toISOString()];
      await put(call, [
        { n: 1, at: '2024-01-01T00:00:00Z', text: 'the quick brown fox' },
        { n: 2, at: 'yesterday' },
        'no JSON at all',
        '{\n  "n": 3,\n  "text": "a lazy dog"\n}\n',
        '{"n":4,"n":5}',
      ]);
      await untilTrue(async () => (await numbers(cluster, 'readings-*')).length === 2, 'both documents');
      hours.push(new Date().toISOString());
      const found = await cluster.call('POST', '/readings-*/_search', { query: { match: { text: 'dog' } } });
      const [hit, ...more] = found.body.hits.hits as { _index: string; _source: object }[];
      assert.deepEqual(more, []);
      assert.deepEqual(hit!._source, { n: 3, text: 'a lazy dog' });
      const indices = new Set(hours.map((hour) => `readings-${hour.slice(0, 13).replace('T', '-')}`));
      assert.ok(indices.has(hit!._index), hit!._index);
      let all = new Map<string, string>();
      await untilTrue(async () => {
        all = await objects(data);
        return [...all.keys()].some((key) => key.startsWith('AmazonOpenSearchService_failed/'));
      }, 'what was refused');
      const failed = [...all]
        .filter(([key]) => key.startsWith('AmazonOpenSearchService_failed/'))
        .flatMap(([, text]) => text.trim().split('\n'))
        .map((line) => JSON.parse(line) as Record<string, string>);
      assert.deepEqual(
        failed.map(({ rawData, errorCode }) => [Buffer.from(rawData!, 'base64').toString(), errorCode]),
        [
          ['{"n":2,"at":"yesterday"}', '400'],
          ['no JSON at all', '400'],
          ['{"n":4,"n":5}', '400'],
        ],
      );
      assert.match(failed[0]!['errorMessage']!, /"type":"mapper_parsing_exception"/);
      assert.ok(indices.has(failed[0]!['esIndexName']!));
      const backup = [...all].filter(([key]) => /^20\d\d\//.test(key)).map(([, text]) => text);
      assert.equal(backup.join('').includes('the quick brown fox'), true);
      assert.equal(backup.join('').includes('no JSON at all'), true);
    } finally {
      assert.equal(await server.stop(), 0, server.log());
    }
  }),
);

test(
  'OpenSearch: silent, gone and back, and our server killed meanwhile: every document is there once',
  { timeout },
  () =>
    withCluster(async (place) => {
      const { data, start } = place;
      let server = await start();
      const acknowledged = new Set<number>();
      let next = 0;
      let isOver = false;
      const write = async (): Promise<void> => {
        while (!isOver) {
          const batch = Array.from({ length: 100 }, () => ({ n: (next += 1), text: 'x'.repeat(500) }));
          try {
            await put(firehoseCaller(server.endpoint), batch);
            for (const { n } of batch) acknowledged.add(n);
          } catch {
            // The server is gone, and another comes: whether this was taken, nobody knows.
          }
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      };
      const more = (count: number): Promise<void> => {
        const until = acknowledged.size + count;
        return untilTrue(() => acknowledged.size >= until, 'more records');
      };
      try {
        await create(firehoseCaller(server.endpoint), {});
        const writing = [write(), write(), write()];
        await more(3000);
        place.cluster.pause();
        await more(3000);
        place.cluster.resume();
        await more(3000);
        await place.cluster.stop();
        await more(3000);
        await place.startCluster();
        await more(3000);
        await server.stop('SIGKILL');
        server = await start();
        await more(3000);
        isOver = true;
        await Promise.all(writing);
        let found: number[] = [];
        await untilTrue(async () => {
          found = await numbers(place.cluster, 'readings');
          const present = new Set(found);
          return [...acknowledged].every((n) => present.has(n));
        }, 'every acknowledged record in the index');
        assert.equal(new Set(found).size, found.length, 'documents that are there twice');
        assert.deepEqual(await objects(data), new Map(), 'nothing failed');
      } finally {
        isOver = true;
        assert.equal(await server.stop(), 0, server.log());
      }
    }),
);

test('OpenSearch: over TLS, with a name and a password, by ClusterEndpoint', { timeout }, () =>
  withCluster(async ({ cluster, data, start }) => {
    // The first life makes a certificate, which the gate before the cluster uses, and Node trusts by its own variable.
    assert.equal(await (await start()).stop(), 0);
    const pem = join(data, 'keys/self-signed.pem');
    const identity = await readFile(pem);
    const authorization = `Basic ${Buffer.from('user:pass/word').toString('base64')}`;
    let refused = 0;
    const gate = createServer({ key: identity, cert: identity }, (incoming, answer) => {
      // The first is refused whatever it says.
      if (incoming.headers.authorization !== authorization || refused === 0) {
        refused += 1;
        answer.writeHead(401).end('Unauthorized');
        return;
      }
      const { method, url, headers } = incoming;
      const options = { method, path: url, headers };
      const passed = request(cluster.endpoint, options, (from) => {
        answer.writeHead(from.statusCode!, from.headers);
        from.pipe(answer);
      });
      incoming.pipe(passed);
    });
    await new Promise<void>((resolve) => gate.listen(0, '127.0.0.1', resolve));
    const { port } = gate.address() as AddressInfo;
    const server = await start({ NODE_EXTRA_CA_CERTS: pem });
    try {
      const call = firehoseCaller(server.endpoint);
      const ClusterEndpoint = `https://user:pass%2Fword@127.0.0.1:${port}`;
      await create(call, { DomainARN: undefined, ClusterEndpoint });
      await put(call, [{ n: 1 }, { n: 2 }]);
      await untilTrue(async () => (await numbers(cluster, 'readings')).length === 2, 'both documents');
      assert.equal(refused, 1);
      const description = JSON.stringify(await call('DescribeDeliveryStream', { DeliveryStreamName: name }));
      assert.equal(description.includes('word'), false);
    } finally {
      assert.equal(await server.stop(), 0, server.log());
      gate.closeAllConnections();
      await new Promise((resolve) => gate.close(resolve));
    }
  }),
);

test('Elasticsearch 7.10: documents of a type, and of none after an update; what it refuses', { timeout }, () =>
  withCluster(async ({ cluster, data, start }) => {
    const mappings = { event: { properties: { n: { type: 'integer' } } } };
    await cluster.call('PUT', '/readings?include_type_name=true', { mappings });
    const server = await start();
    try {
      const call = firehoseCaller(server.endpoint);
      await call('CreateDeliveryStream', {
        DeliveryStreamName: name,
        ElasticsearchDestinationConfiguration: { ...search, TypeName: 'event' },
      });
      await untilDelivering(call, name);
      await put(call, [{ n: 1 }, { n: 'many' }, { n: 2 }]);
      await untilTrue(async () => (await numbers(cluster, 'readings')).length === 2, 'both documents');
      const found = await cluster.call('POST', '/readings/_search', { query: { match: { n: 2 } } });
      assert.equal(found.body.hits.hits[0]._type, 'event');
      let failed: [string, string][] = [];
      await untilTrue(async () => (failed = [...(await objects(data))]).length === 1, 'what was refused');
      const [[key, line]] = failed as [[string, string]];
      assert.match(key, /^elasticsearch-failed\//);
      const { esTypeName, esIndexName, errorCode } = JSON.parse(line) as Record<string, string>;
      assert.deepEqual([esTypeName, esIndexName, errorCode], ['event', 'readings', '400']);
      await call('UpdateDestination', {
        DeliveryStreamName: name,
        CurrentDeliveryStreamVersionId: '1',
        DestinationId: 'destinationId-000000000001',
        ElasticsearchDestinationUpdate: { IndexName: 'untyped', TypeName: '' },
      });
      await put(call, [{ n: 3 }]);
      await untilTrue(async () => (await numbers(cluster, 'untyped')).length === 1, 'the document without a type');
    } finally {
      assert.equal(await server.stop(), 0, server.log());
    }
  }, startElasticsearch),
);
