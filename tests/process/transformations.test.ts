/** The transformations that ship with the server run as declared functions, by Firehose's event, where no other code may come. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readConfiguration } from 'millrace';
import { startServer } from '../../tools/server-process.ts';

const schema = JSON.stringify({ type: 'record', name: 'R', fields: [{ name: 'n', type: 'int' }] });

/** By a transformation's name: its settings, a record, and what becomes of it. */
const cases: Readonly<Record<string, readonly [Record<string, string>, string | Buffer, string | Buffer]>> = {
  'csv-to-json': [{ CSV_COLUMNS: 'n,t' }, '1,"a\nb"', '{"n":"1","t":"a\\nb"}'],
  'json-to-csv': [{ CSV_COLUMNS: 'n,t' }, '{"t":"a,b","n":1}', '1,"a,b"\n'],
  'avro-to-json': [{ AVRO_SCHEMA: schema }, Buffer.of(5), '{"n":-3}'],
  'json-to-avro': [{ AVRO_SCHEMA: schema }, '{"n":-3}', Buffer.of(5)],
  'syslog-to-json': [
    {},
    'Nov 21 13:38:08 vm nightly[411]: done',
    '{"timestamp":"Nov 21 13:38:08","hostname":"vm","program":"nightly","processid":"411","message":"done"}',
  ],
  'apache-log-to-json': [
    {},
    '[Sat Nov 21 13:38:22 2026] [error] no',
    '{"timestamp":"Sat Nov 21 13:38:22 2026","module":null,"severity":"error","processid":null,"threadid":null,"client":null,"message":"no"}',
  ],
};

test('every transformation is declared as builtin and answers Firehose', { timeout: 120_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-transformations-'));
  const config = join(folder, 'millrace.json');
  const functions = Object.entries(cases).map(([name, [environment]]) => ({
    name,
    module: `builtin:${name}`,
    environment,
  }));
  await writeFile(config, JSON.stringify({ functions }));
  const server = await startServer(['--config', config, '--function-code', 'declared']);
  try {
    for (const [name, [, record, expected]] of Object.entries(cases)) {
      const records = [record, Buffer.of(255, 254, 253)].map((data, index) => ({
        recordId: `id-${index}`,
        approximateArrivalTimestamp: 1_700_000_000_000,
        data: Buffer.from(data as string).toString('base64'),
      }));
      const event = { invocationId: 'i', deliveryStreamArn: 'arn', region: 'us-east-1', records };
      const url = `${server.endpoint}/2015-03-31/functions/${name}/invocations`;
      const answer = await fetch(url, { method: 'POST', body: JSON.stringify(event) });
      assert.equal(answer.headers.get('x-amz-function-error'), null, name);
      const given = Buffer.from(expected as string).toString('base64');
      assert.deepEqual(await answer.json(), {
        records: [
          { recordId: 'id-0', result: 'Ok', data: given },
          { recordId: 'id-1', result: 'ProcessingFailed', data: records[1]!.data },
        ],
      });
    }
  } finally {
    assert.equal(await server.stop(), 0);
    await rm(folder, { recursive: true });
  }
});

test('a builtin that is none is refused, with the names there are', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-builtin-'));
  const config = join(folder, 'millrace.json');
  await writeFile(config, JSON.stringify({ functions: [{ name: 'f', module: 'builtin:../index' }] }));
  assert.throws(
    () => readConfiguration(['--config', config], {}),
    /builtin:\.\.\/index is none of builtin:csv-to-json, /,
  );
  await rm(folder, { recursive: true });
});
