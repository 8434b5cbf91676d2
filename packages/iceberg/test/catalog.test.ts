/** What a catalog is asked, and how: prefixes, tokens, namespaces, answers that are none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { simulatedWorld } from '@millrace/world';
import { RestCatalog } from '../src/index.ts';
import type { CatalogCredentials, CatalogRequest, CatalogSender } from '../src/index.ts';
import { readTableMetadata } from '../src/catalog/table-metadata.ts';
import { parseJson, toJson } from '../src/json.ts';
import { memoryCatalog } from './memory-catalog.ts';

const never = new AbortController().signal;
const world = simulatedWorld(1);
const schema = { type: 'struct', fields: [{ id: 1, name: 'id', required: true, type: 'long' }] };

test('the prefix and the warehouse', async () => {
  const memory = memoryCatalog(2, { prefix: 'p' });
  const catalog = new RestCatalog({ url: 'http://catalog/base/', warehouse: 'a b' }, memory.sender, world);
  await catalog.createTable({ namespace: ['one', 'two'], name: 'orders', schema }, never);
  const loaded = await catalog.loadTable({ namespace: ['one', 'two'], name: 'orders' }, never);
  assert.equal(loaded.current, undefined);
  assert.deepEqual(
    memory.requests.map(({ method, url }) => `${method} ${url}`),
    [
      'GET http://catalog/base/v1/config?warehouse=a%20b',
      'POST http://catalog/base/v1/p/namespaces/one%1Ftwo/tables',
      'POST http://catalog/base/v1/p/namespaces',
      'POST http://catalog/base/v1/p/namespaces/one%1Ftwo/tables',
      'GET http://catalog/base/v1/p/namespaces/one%1Ftwo/tables/orders',
    ],
  );
});

function tokenCatalog(life: number | undefined): { requests: CatalogRequest[]; sender: CatalogSender; refuse(): void } {
  const requests: CatalogRequest[] = [];
  let [tokens, refused] = [0, 0];
  return {
    requests,
    refuse: () => (refused = tokens),
    sender: {
      async send(request) {
        await Promise.resolve();
        requests.push(request);
        if (request.url.endsWith('/tokens')) {
          tokens += 1;
          return { status: 200, body: JSON.stringify({ access_token: `t${tokens}`, expires_in: life }) };
        }
        const isRefused = request.headers['authorization'] !== `Bearer t${Math.max(tokens, refused + 1)}`;
        if (isRefused) return { status: 401, body: '{"error":{"message":"expired"}}' };
        return { status: request.url.endsWith('/config') ? 200 : 404, body: '{}' };
      },
    },
  };
}

test('client credentials', async () => {
  const clock = simulatedWorld(1);
  const { requests, sender, refuse } = tokenCatalog(600);
  const credentials: CatalogCredentials = { kind: 'client', clientId: 'me', clientSecret: 'a&b' };
  const catalog = new RestCatalog({ url: 'http://catalog', credentials }, sender, clock);
  const ask = async (): Promise<void> =>
    await assert.rejects(catalog.loadTable({ namespace: ['a'], name: 'b' }, never), { code: 'Iceberg.NoSuchTable' });
  const fetched = (): number => requests.filter(({ url }) => url.endsWith('/v1/oauth/tokens')).length;
  await ask();
  await ask();
  assert.equal(fetched(), 1);
  const [{ body }] = requests as [CatalogRequest];
  assert.equal(body?.toString(), 'grant_type=client_credentials&client_id=me&client_secret=a%26b&scope=catalog');
  // A minute before its end there is another.
  let isDue = false;
  clock.clock.setTimer(541_000, () => (isDue = true));
  await clock.run({ stop: () => isDue });
  await ask();
  assert.equal(fetched(), 2);
  // And where the catalog no longer takes it.
  refuse();
  await ask();
  assert.equal(fetched(), 3);
});

test('a token endpoint that refuses says nothing of the secret', async () => {
  const sender: CatalogSender = {
    send: () => Promise.resolve({ status: 401, body: 'client_secret=hidden is wrong' }),
  };
  const credentials: CatalogCredentials = { kind: 'client', clientId: 'me', clientSecret: 'hidden' };
  const catalog = new RestCatalog({ url: 'http://catalog', credentials }, sender, world);
  await assert.rejects(catalog.loadTable({ namespace: ['a'], name: 'b' }, never), {
    code: 'Glue.AccessDenied',
    message: 'the token endpoint answered 401',
  });
});

test('a configuration that failed is asked for again', async () => {
  const memory = memoryCatalog();
  let isDown = true;
  const sender: CatalogSender = {
    send: (request) => (isDown ? Promise.reject(new Error('ECONNREFUSED')) : memory.sender.send(request)),
  };
  const catalog = new RestCatalog({ url: 'http://catalog' }, sender, world);
  const load = (): Promise<unknown> => catalog.loadTable({ namespace: ['a'], name: 'b' }, never);
  await assert.rejects(load(), { code: 'Iceberg.CatalogFailure', isRetryable: true, message: /ECONNREFUSED/ });
  isDown = false;
  await assert.rejects(load(), { code: 'Iceberg.NoSuchTable', isRetryable: false });
});

test('answers that are none', async () => {
  for (const body of ['', '<html>', '[]', 'null', '{"metadata":{"format-version":2}}']) {
    const sender: CatalogSender = {
      send: ({ url }) => Promise.resolve({ status: 200, body: url.endsWith('/config') ? '{}' : body }),
    };
    const catalog = new RestCatalog({ url: 'http://catalog' }, sender, world);
    await assert.rejects(catalog.loadTable({ namespace: ['a'], name: 'b' }, never), { name: 'IcebergError' }, body);
  }
});

const metadata = {
  'format-version': 2,
  'table-uuid': 'u',
  location: 's3://lake/orders/',
  schemas: [{ ...schema, 'schema-id': 0 }],
  'current-schema-id': 0,
  'partition-specs': [{ 'spec-id': 0, fields: [] }],
  'default-spec-id': 0,
  'last-sequence-number': 3,
};

test('tables that only others write', () => {
  const withType = (type: unknown): unknown => ({
    ...metadata,
    schemas: [{ type: 'struct', 'schema-id': 0, fields: [{ id: 1, name: 'x', required: false, type }] }],
  });
  for (const [table, message] of [
    [{ ...metadata, 'format-version': 3 }, /format version 3/],
    [withType('fixed[16]'), /column x is of type fixed\[16\]/],
    [withType('variant'), /of type variant/],
    [withType('decimal(39,2)'), /decimal\(39,2\)/],
    [withType({ type: 'list', element: 'int' }), /column x has no element-id/],
    [withType({ type: 'struct', fields: [] }), /column x has no fields/],
  ] as const)
    assert.throws(() => readTableMetadata(table), { code: 'Iceberg.UnsupportedTable', message });
});

test('ids of 63 bits', () => {
  const text = toJson({ ...metadata, snapshots: [{ 'snapshot-id': 9_223_372_036_854_775_807n }], refs: {} });
  assert.match(text, /"snapshot-id":9223372036854775807/);
  const json = parseJson(text.replace('"refs":{}', '"current-snapshot-id":9223372036854775807'));
  assert.equal(readTableMetadata(json).current?.id, 9_223_372_036_854_775_807n);
  assert.equal(readTableMetadata({ ...metadata, 'current-snapshot-id': -1 }).current, undefined);
  assert.deepEqual(parseJson('[1e400, 1.5, -9007199254740993, "9007199254740993"]'), [
    Infinity,
    1.5,
    -9_007_199_254_740_993n,
    '9007199254740993',
  ]);
});
