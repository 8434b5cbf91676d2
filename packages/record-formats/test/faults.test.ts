/** What goes wrong around a conversion, and calls out of order: an error each, no row lost without a word, and what comes next works. */
import assert from 'node:assert/strict';
import { readdirSync, rmSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openFormats, openFormatsInThread } from '@millrace/record-formats';
import type { ConversionSettings, RecordFormats, Serializer } from '@millrace/record-formats';

let folder = '';
before(async () => (folder = await mkdtemp(join(tmpdir(), 'millrace-faults-test-'))));
after(() => rm(folder, { recursive: true, force: true }));

const parquet: Serializer = { ParquetSerDe: {} };
const orc: Serializer = { OrcSerDe: {} };
const oldOrc: Serializer = { OrcSerDe: { FormatVersion: 'V0_11' } };

function settings(serializer: Serializer, type = 'int'): ConversionSettings {
  return { columns: [{ name: 'a', type }], serializer, deserializer: { OpenXJsonSerDe: {} } };
}

const one = [Buffer.from('{"a":1}')];

async function rowsOf(formats: RecordFormats, serializer: Serializer): Promise<number> {
  const conversion = await formats.createConversion(settings(serializer), () => {});
  try {
    await conversion.add(one);
    return (await conversion.finish()).rows;
  } finally {
    await conversion.close();
  }
}

/** Texts that are all different: an ORC stripe of the first version keeps them in its dictionary, on the heap. */
function texts(count: number): Buffer[] {
  return Array.from({ length: count }, (_, index) => Buffer.from(`{"a":"${String(index).repeat(30)}"}`));
}

for (const [name, serializer] of Object.entries({ parquet, orc }))
  test(`${name}: nothing is taken once the file is finished or closed`, { timeout: 60_000 }, async () => {
    for (const open of [openFormats, openFormatsInThread]) {
      const formats = open({ scratchFolder: join(folder, 'ended') });
      const conversion = await formats.createConversion(settings(serializer), () => {});
      await conversion.add(one);
      await conversion.finish();
      await assert.rejects(conversion.add(one), /the conversion is finished/);
      await assert.rejects(conversion.finish(), /the conversion is finished/);
      await conversion.close();
      await assert.rejects(conversion.add(one), /the conversion was closed/);
      const left = await formats.createConversion(settings(serializer), () => {});
      await left.close();
      await assert.rejects(left.add(one), /the conversion was closed/);
      await formats.close();
    }
  });

test('a call may bring more than the heap holds as rows', { timeout: 120_000 }, async () => {
  const formats = openFormats({ scratchFolder: join(folder, 'large'), heapLimitMib: 64 });
  const pairs = Array.from({ length: 10_000 }, (_, key) => `"${key}":${key}`).join(',');
  const records = Array<Buffer>(80).fill(Buffer.from(`{"a":{${pairs}}}`));
  for (const serializer of [parquet, orc]) {
    const conversion = await formats.createConversion(settings(serializer, 'map<string,int>'), () => {});
    assert.deepEqual(await conversion.add(records), []);
    assert.equal((await conversion.finish()).rows, records.length);
    await conversion.close();
  }
  await formats.close();
});

test('records that are many and small take no more of the heap than a few', { timeout: 60_000 }, async () => {
  const formats = openFormats({ scratchFolder: join(folder, 'many'), heapLimitMib: 32 });
  const conversion = await formats.createConversion(settings(orc), () => {});
  const records = Array<Buffer>(400_000).fill(one[0]!);
  records[300_001] = Buffer.from('no');
  const failed = await conversion.add(records);
  assert.deepEqual(
    failed.map(({ index }) => index),
    [300_001],
  );
  assert.equal((await conversion.finish()).rows, records.length - 1);
  await conversion.close();
  await formats.close();
});

test('a record that the heap cannot hold fails alone, and does not end the process', { timeout: 60_000 }, async () => {
  const formats = openFormats({ scratchFolder: join(folder, 'larger'), heapLimitMib: 32 });
  const large = Buffer.from(`{"a":{${Array.from({ length: 600_000 }, (_, key) => `"k${key}":[[],[]]`).join(',')}}}`);
  const conversion = await formats.createConversion(settings(orc, 'string'), () => {});
  const [failed, ...others] = await conversion.add([...one, large, ...one]);
  assert.deepEqual([failed!.index, failed!.errorCode, others.length], [1, 'DataFormatConversion.ParseError', 0]);
  assert.match(failed!.errorMessage, /more than there is memory to read/);
  assert.equal((await conversion.finish()).rows, 2);
  await conversion.close();
  await formats.close();
});

test(
  'a scratch folder that is removed fails what lies there, and not what comes next',
  { timeout: 60_000 },
  async () => {
    const scratchFolder = join(folder, 'removed');
    const formats = openFormats({ scratchFolder });
    assert.equal(await rowsOf(formats, parquet), 1);
    rmSync(scratchFolder, { recursive: true });
    assert.equal(await rowsOf(formats, parquet), 1);
    // Between a file's rows and its end, where they still are in memory, too.
    const conversion = await formats.createConversion(settings(parquet), () => {});
    await conversion.add(one);
    rmSync(scratchFolder, { recursive: true });
    assert.equal((await conversion.finish()).rows, 1);
    await conversion.close();
    await formats.close();
    assert.deepEqual(readdirSync(scratchFolder), []);
  },
);

test('a scratch folder that cannot be made at first can be made later', { timeout: 60_000 }, async () => {
  const inTheWay = join(folder, 'file');
  for (const open of [openFormats, openFormatsInThread]) {
    await writeFile(inTheWay, '');
    const formats = open({ scratchFolder: join(inTheWay, 'scratch') });
    await assert.rejects(rowsOf(formats, parquet), /ENOTDIR|EEXIST/);
    assert.equal(await rowsOf(formats, orc), 1);
    await rm(inTheWay);
    assert.equal(await rowsOf(formats, parquet), 1);
    await formats.close();
    await rm(inTheWay, { recursive: true });
    await writeFile(inTheWay, '');
    const other = open({ scratchFolder: join(inTheWay, 'scratch') });
    await assert.rejects(rowsOf(other, parquet), /ENOTDIR|EEXIST/);
    await other.close();
    await rm(inTheWay);
  }
});

test('close is kept when the worker dies under it', { timeout: 60_000 }, async () => {
  const formats = openFormats({ scratchFolder: join(folder, 'dying'), heapLimitMib: 32 });
  const conversion = await formats.createConversion(settings(oldOrc, 'string'), () => {});
  const other = await formats.createConversion(settings(orc), () => {});
  const failed = assert.rejects(conversion.add(texts(200_000)), /the worker of record formats has failed/);
  await Promise.all([failed, other.close()]);
  await conversion.close();
  assert.equal(await rowsOf(formats, orc), 1);
  await formats.close();
});

test('a file without rows is a file', { timeout: 60_000 }, async () => {
  const formats = openFormats({ scratchFolder: join(folder, 'empty') });
  for (const serializer of [parquet, orc]) {
    const pieces: Uint8Array[] = [];
    const conversion = await formats.createConversion(settings(serializer), (bytes) => void pieces.push(bytes));
    assert.equal((await conversion.add([Buffer.from('no')])).length, 1);
    const { rows, byteLength } = await conversion.finish();
    assert.deepEqual([rows, byteLength], [0, Buffer.concat(pieces).length]);
    assert.ok(byteLength > 0);
    await conversion.close();
  }
  await formats.close();
});

test('a name that SQL cannot say is a setting that is refused', { timeout: 60_000 }, async () => {
  const formats = openFormats({ scratchFolder: join(folder, 'names') });
  for (const columns of [[{ name: 'a\0b', type: 'int' }], [{ name: 'a', type: 'struct<`b\0`:int>' }]])
    await assert.rejects(
      formats.createConversion({ ...settings(parquet), columns }, () => {}),
      {
        name: 'ConversionSettingsError',
      },
    );
  assert.equal(await rowsOf(formats, parquet), 1);
  await formats.close();
});
