/** The catalog on a real registry, called with what clients send. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { catalogMachine, glueOperations, openGlueCatalog, tableColumns } from '@millrace/glue';
import type { GlueCatalog } from '@millrace/glue';
import { openRegistry } from '@millrace/log';
import { AwsError, loadService } from '@millrace/model';
import { movableWorld } from '@millrace/world';

const model = loadService('glue');
const caller = { account: '000000000000', region: 'us-east-1' };
const columns = [
  { Name: 'id', Type: 'bigint' },
  { Name: 'tags', Type: 'array<string>' },
];

let folder = '';
let service: GlueCatalog;
let registry: { stop(): Promise<void> };

async function open(): Promise<void> {
  const world = movableWorld();
  const opened = await openRegistry({ world, directory: folder, machine: catalogMachine });
  registry = opened;
  service = openGlueCatalog({ world, registry: opened });
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-glue-'));
  await open();
});
afterEach(async () => {
  await registry.stop();
  await rm(folder, { recursive: true });
});

interface Answer {
  readonly Table?: { readonly VersionId: string; readonly Name: string; readonly StorageDescriptor: object };
  readonly TableVersion?: { readonly VersionId: string; readonly Table: { readonly Description?: string } };
  readonly TableVersions?: readonly { readonly VersionId: string }[];
  readonly TableList?: readonly { readonly Name: string }[];
  readonly DatabaseList?: readonly { readonly Name: string }[];
  readonly Database?: { readonly Name: string; readonly CatalogId: string };
  readonly NextToken?: string;
}

async function call(operation: string, input: object, by = caller): Promise<Answer> {
  const { decode, check, encodeJson } = model.operations.get(operation)!;
  const decoded = decode(JSON.parse(JSON.stringify(input)), 'base64');
  check(decoded);
  const handler = glueOperations[operation as 'GetTable'] as (...all: unknown[]) => unknown;
  return JSON.parse(encodeJson(await handler(service, decoded, by))) as Answer;
}

async function refusal(operation: string, input: object): Promise<string> {
  try {
    await call(operation, input);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return `${error.code}: ${error.message}`;
  }
  return 'nothing';
}

function table(name: string, more: object = {}): object {
  return { DatabaseName: 'sales', TableInput: { Name: name, StorageDescriptor: { Columns: columns }, ...more } };
}

test('databases and tables, by names without case, and after a restart', async () => {
  await call('CreateDatabase', { DatabaseInput: { Name: 'Sales' } });
  await call('CreateTable', table('Orders'));
  await registry.stop();
  await open();
  assert.equal((await call('GetDatabase', { Name: 'SALES' })).Database?.Name, 'sales');
  const { Table: found } = await call('GetTable', { DatabaseName: 'sales', Name: 'ORDERS' });
  assert.equal(found?.Name, 'orders');
  assert.deepEqual(found?.StorageDescriptor, { Columns: columns });
  assert.deepEqual(
    tableColumns(service, { ...caller, databaseName: 'sales', tableName: 'orders', versionId: 'LATEST' }),
    [
      { name: 'id', type: 'bigint' },
      { name: 'tags', type: 'array<string>' },
    ],
  );
  assert.equal(
    await refusal('CreateDatabase', { DatabaseInput: { Name: 'SALES' } }),
    'AlreadyExistsException: Database already exists.',
  );
  assert.equal(await refusal('CreateTable', table('ORDERS')), 'AlreadyExistsException: Table already exists.');
  await call('DeleteTable', { DatabaseName: 'sales', Name: 'Orders' });
  const missing = 'EntityNotFoundException: Table orders not found.';
  assert.equal(await refusal('GetTable', { DatabaseName: 'sales', Name: 'orders' }), missing);
  assert.equal(await refusal('DeleteTable', { DatabaseName: 'sales', Name: 'orders' }), missing);
  await call('DeleteDatabase', { Name: 'sales' });
  for (const operation of ['GetTables', 'GetTable', 'CreateTable'])
    assert.equal(
      await refusal(operation, { ...table('orders'), Name: 'orders' }),
      'EntityNotFoundException: Database sales not found.',
    );
});

test('versions', async () => {
  await call('CreateDatabase', { DatabaseInput: { Name: 'sales' } });
  await call('CreateTable', table('orders', { Description: 'a' }));
  await call('UpdateTable', table('orders', { Description: 'b' }));
  await call('UpdateTable', { ...table('orders', { Description: 'c' }), SkipArchive: true });
  const at = { DatabaseName: 'sales', TableName: 'orders' };
  const { TableVersions: versions } = await call('GetTableVersions', at);
  assert.deepEqual(
    versions?.map(({ VersionId }) => VersionId),
    ['2', '0'],
  );
  assert.equal((await call('GetTableVersion', { ...at, VersionId: '0' })).TableVersion?.Table.Description, 'a');
  assert.equal((await call('GetTableVersion', at)).TableVersion?.Table.Description, 'c');
  assert.equal((await call('GetTable', { DatabaseName: 'sales', Name: 'orders' })).Table?.VersionId, '2');
  assert.equal(
    await refusal('GetTableVersion', { ...at, VersionId: '1' }),
    'EntityNotFoundException: Version 1 not found.',
  );
  assert.match(
    await refusal('UpdateTable', { ...table('orders'), VersionId: '0' }),
    /^ConcurrentModificationException: /,
  );
  const { TableVersions: unchanged } = await call('GetTableVersions', { ...at, MaxResults: 1 });
  assert.equal(unchanged?.[0]?.VersionId, '2');
  assert.equal(await refusal('UpdateTable', table('other')), 'EntityNotFoundException: Table other not found.');
});

test('pages, other accounts, and what this catalog does not do', async () => {
  await call('CreateDatabase', { DatabaseInput: { Name: 'sales' } });
  for (const name of ['c', 'a', 'b']) await call('CreateTable', table(name));
  const first = await call('GetTables', { DatabaseName: 'sales', MaxResults: 2 });
  const second = await call('GetTables', { DatabaseName: 'sales', MaxResults: 2, NextToken: first.NextToken });
  assert.deepEqual(
    [...first.TableList!, ...second.TableList!].map(({ Name }) => Name),
    ['a', 'b', 'c'],
  );
  assert.equal(second.NextToken, undefined);
  assert.deepEqual((await call('GetDatabases', {}, { ...caller, region: 'eu-west-1' })).DatabaseList, []);
  assert.deepEqual((await call('GetDatabases', {}, { ...caller, account: '111111111111' })).DatabaseList, []);
  assert.match(
    await refusal('GetTables', { DatabaseName: 'sales', NextToken: 'x' }),
    /^InvalidInputException: NextToken/,
  );
  assert.match(
    await refusal('GetTables', { DatabaseName: 'sales', CatalogId: '1' }),
    /^InvalidInputException: Catalog 1 /,
  );
  assert.match(await refusal('GetTables', { DatabaseName: 'sales', Expression: 'a*' }), /Expression is not supported/);
  assert.match(
    await refusal('CreateTable', table('v', { TargetTable: { Name: 'x' } })),
    /TargetTable is not supported/,
  );
  assert.match(await refusal('CreateTable', { DatabaseName: 'sales' }), /TableInput is missing/);
  assert.match(await refusal('CreateTable', table('')), /^ValidationException: |^InvalidInputException: /);
  await call('CreateTable', { DatabaseName: 'sales', TableInput: { Name: 'bare' } });
  assert.throws(
    () => tableColumns(service, { ...caller, databaseName: 'sales', tableName: 'bare', versionId: undefined }),
    /Table bare has no columns/,
  );
});

test('what is written again and again is bounded by bytes, and there is room again for what is deleted', async () => {
  const database = (name: string): object => ({ DatabaseInput: { Name: name } });
  const half = 'x'.repeat(510_000);
  const large = (name: string): object => table(name, { Parameters: { a: half, b: half } });
  await call('CreateDatabase', database('sales'));
  assert.match(
    await refusal('CreateTable', table('t', { Parameters: { a: half, b: half, c: half } })),
    /^InvalidInputException: A definition has at most 1048576 bytes/,
  );
  await call('CreateTable', large('t'));
  let versions = 1;
  for (; (await refusal('UpdateTable', large('t'))) === 'nothing'; versions += 1) assert.ok(versions < 100);
  assert.ok(versions > 50);
  const words = 'ResourceNumberLimitExceededException: Number of bytes of definitions exceeds the limit.';
  assert.equal(await refusal('CreateTable', large('u')), words);
  assert.equal(await refusal('UpdateTable', { ...large('t'), SkipArchive: true }), 'nothing');
  // A page ends before it is too large to answer, and the next one goes on with what comes after.
  const at = { DatabaseName: 'sales', TableName: 't' };
  const first = await call('GetTableVersions', at);
  assert.equal(first.TableVersions?.length, 4);
  const second = await call('GetTableVersions', { ...at, NextToken: first.NextToken });
  assert.equal(Number(first.TableVersions.at(-1)!.VersionId) - 1, Number(second.TableVersions![0]!.VersionId));
  await registry.stop();
  await open();
  assert.equal(await refusal('CreateTable', large('u')), words);
  await call('DeleteTable', { DatabaseName: 'sales', Name: 't' });
  assert.equal(service.state.bytes, JSON.stringify({ Name: 'sales' }).length);
  await call('CreateTable', large('u'));
  await call('DeleteDatabase', { Name: 'sales' });
  assert.equal(service.state.bytes, 0);
});
