/** Appends at once, in doubt and beside others, through Iceberg's own REST catalog; read back by pyiceberg. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import type { CatalogSender, TableName } from '@millrace/iceberg';
import { fetchSender, jsonRecords, never, startIcebergParts } from './iceberg-parts.ts';
import type { IcebergParts } from './iceberg-parts.ts';

let parts: IcebergParts;
before(async () => {
  parts = await startIcebergParts();
});
after(async () => {
  await parts.stop();
});

const byId = (a: Record<string, unknown>, b: Record<string, unknown>): number => Number(a['id']) - Number(b['id']);

const plain = { type: 'struct', fields: [{ id: 1, name: 'id', required: true, type: 'long' }] };

async function newTable(name: string): Promise<TableName> {
  const table = { namespace: ['shop'], name };
  await parts.catalog.createTable({ ...table, schema: plain }, never);
  return table;
}

async function idsOf({ name }: TableName): Promise<number[]> {
  return (await parts.iceberg.rows(`shop.${name}`)).map(({ id }) => Number(id)).sort((a, b) => a - b);
}

const snapshots = 'print(json.dumps(len(catalog.load_table(argument).history())))';

test('two writers at once', { timeout: 300_000 }, async () => {
  const table = await newTable('crowded');
  let conflicts = 0;
  const counting: CatalogSender = {
    async send(request) {
      const answer = await fetchSender.send(request);
      if (answer.status === 409) conflicts += 1;
      return answer;
    },
  };
  const writers = [0, 1].map(() => parts.appender({ catalog: parts.catalogBy(counting) }));
  await Promise.all(
    writers.map(async (appender, writer) => {
      for (let at = 0; at < 5; at += 1) {
        const id = writer * 5 + at;
        await appender.append({ table, deliveryId: `${id}`, records: jsonRecords([{ id }]), signal: never });
      }
    }),
  );
  assert.deepEqual(await idsOf(table), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.equal(await parts.iceberg.python(snapshots, 'shop.crowded'), 10);
  assert.ok(conflicts > 0);
});

/** Commits whose answers, or which themselves, are lost: as many as `times` says. */
function losing(times: number, isMade: boolean, isDead = false): CatalogSender {
  let left = times;
  let hasDied = false;
  return {
    async send(request) {
      if (hasDied) throw new Error('no network any more');
      if (left === 0 || request.method !== 'POST') return await fetchSender.send(request);
      left -= 1;
      hasDied = isDead;
      if (isMade) await fetchSender.send(request);
      throw new Error('the connection was lost');
    },
  };
}

test('a lost answer', { timeout: 300_000 }, async () => {
  const table = await newTable('doubtful');
  const append = { table, deliveryId: 'a', records: jsonRecords([{ id: 1 }, {}]), signal: never };
  const once = await parts.appender({ catalog: parts.catalogBy(losing(1, true)) }).append(append);
  assert.deepEqual(await idsOf(table), [1]);
  assert.deepEqual(
    once.failed.map(({ index }) => index),
    [1],
  );
  // Never sent: it is tried again until it is.
  await parts.appender({ catalog: parts.catalogBy(losing(2, false)) }).append({
    ...append,
    deliveryId: 'b',
  });
  assert.deepEqual(await idsOf(table), [1, 1]);
});

test('a process that dies with its commit under way', { timeout: 300_000 }, async () => {
  const table = await newTable('orphaned');
  const append = { table, deliveryId: 'a', records: jsonRecords([{ id: 1 }, {}, { id: 2 }]), signal: never };
  const dead = parts.appender({ catalog: parts.catalogBy(losing(1, true, true)) });
  await assert.rejects(dead.append(append), {
    name: 'IcebergError',
    code: 'Iceberg.CatalogFailure',
    isRetryable: true,
  });
  const { failed, snapshotId } = await parts.appender().append(append);
  assert.deepEqual(
    failed.map(({ index, errorCode }) => [index, errorCode]),
    [[1, 'Iceberg.MissingColumnWithinRecord']],
  );
  assert.deepEqual(await idsOf(table), [1, 2]);
  assert.equal(await parts.iceberg.python(snapshots, 'shop.orphaned'), 1);
  const { current } = await parts.catalog.loadTable(table, never);
  assert.equal(current?.id, snapshotId);
});

const byOthers = `
import pyarrow
table = catalog.load_table(argument)
table.append(pyarrow.Table.from_pylist([{"id": 10}], schema=table.schema().as_arrow()))
with table.update_schema() as update:
    from pyiceberg.types import StringType
    update.add_column("later", StringType())
table.delete("id == 1")
print(json.dumps(len(table.history())))
`;

test('a table that others write to as well, and change', { timeout: 300_000 }, async () => {
  const table = await newTable('shared');
  const appender = parts.appender();
  const append = (deliveryId: string, rows: unknown[]): Promise<unknown> =>
    appender.append({ table, deliveryId, records: jsonRecords(rows), signal: never });
  await append('a', [{ id: 1 }, { id: 2 }]);
  await parts.iceberg.python(byOthers, 'shop.shared');
  await append('b', [{ id: 3, later: 'there' }]);
  const rows = await parts.iceberg.rows('shop.shared');
  assert.deepEqual(rows.sort(byId), [
    { id: 2, later: null },
    { id: 3, later: 'there' },
    { id: 10, later: null },
  ]);
});

test('what the catalog refuses', { timeout: 60_000 }, async () => {
  const records = jsonRecords([{ id: 1 }]);
  const rest = { deliveryId: 'a', records, signal: never };
  const appender = parts.appender();
  const nowhere = { namespace: ['shop'], name: 'nowhere' };
  await assert.rejects(appender.append({ table: nowhere, ...rest }), {
    code: 'Iceberg.NoSuchTable',
    isRetryable: false,
  });
  const unnamed = { namespace: ['shop'], name: '' };
  await assert.rejects(appender.append({ table: unnamed, ...rest }), { code: 'Iceberg.InvalidTableName' });
  const guessed = parts.catalogBy(fetchSender, 'guessed');
  await assert.rejects(guessed.loadTable(nowhere, never), { code: 'Glue.AccessDenied', isRetryable: false });
});

test("the README's example runs as it stands, but for the port", { timeout: 120_000 }, async () => {
  const root = join(import.meta.dirname, '../..');
  const readme = await readFile(join(root, 'packages/iceberg/README.md'), 'utf8');
  const example = /```ts\n([\s\S]*?)```/.exec(readme)![1]!;
  // Inside of the checkout, where the packages are found.
  const folder = await mkdtemp(join(root, '.cache/readme-iceberg-'));
  try {
    const file = join(folder, 'example.ts');
    await writeFile(file, example.replace('http://127.0.0.1:8181', parts.iceberg.endpoint));
    const env = {
      ...process.env,
      ...parts.s3.env,
      AWS_ENDPOINT_URL: parts.s3.endpoint,
      CATALOG_TOKEN: parts.iceberg.token,
    };
    const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=source', file], { env });
    const code = 'Iceberg.MissingColumnWithinRecord';
    assert.equal(stdout, `record 2: ${code}: The record has no value for the required column id\nappended once\n`);
    assert.equal((await parts.iceberg.rows('shop.orders')).length, 2);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
