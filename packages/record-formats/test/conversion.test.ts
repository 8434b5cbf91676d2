/** Conversions as a caller has them, in the worker and on the calling thread; what the files hold is tests/clients' to look at. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openFormats, openFormatsInThread } from '@millrace/record-formats';
import type { ConversionSettings, RecordFormats, Serializer } from '@millrace/record-formats';
import { loadDuckDb } from '../src/parquet/duckdb.ts';

let folder = '';
before(async () => (folder = await mkdtemp(join(tmpdir(), 'millrace-formats-test-'))));
after(() => rm(folder, { recursive: true, force: true }));

const columns = [
  { name: 'a', type: 'int' },
  { name: 'b', type: 'string' },
];
const parquet: Serializer = { ParquetSerDe: {} };
const orc: Serializer = { OrcSerDe: {} };
const ends = { parquet: 'PAR1', orc: 'ORC' };

function settings(serializer: Serializer): ConversionSettings {
  return { columns, serializer, deserializer: { OpenXJsonSerDe: {} } };
}

function records(...texts: readonly string[]): Buffer[] {
  return texts.map((text) => Buffer.from(text));
}

/** What is left in the scratch folder, of any formats. */
async function scratchFiles(): Promise<string[]> {
  const names = await readdir(join(folder, 'scratch'), { recursive: true }).catch(() => []);
  return names.filter((name) => /parquet|tmp|block/.test(name));
}

for (const [place, open] of [
  ['the worker', openFormats],
  ['the thread', openFormatsInThread],
] as const)
  test(`records, failed ones and files, in ${place}`, { timeout: 60_000 }, async () => {
    const formats = open({ scratchFolder: join(folder, 'scratch') });
    for (const [name, serializer] of Object.entries({ parquet, orc })) {
      const pieces: Uint8Array[] = [];
      const conversion = await formats.createConversion(settings(serializer), (bytes) => void pieces.push(bytes));
      const failed = await conversion.add(
        records('{"a":1}{"a":"x"}', '{"a":2}\n{"a":3}', 'no', '{"b":{"c":1}}', '', '{"a":4}'),
      );
      assert.deepEqual(
        failed.map(({ index, errorCode }) => [index, errorCode]),
        [
          [0, 'DataFormatConversion.MalformedData'],
          [2, 'DataFormatConversion.ParseError'],
          [4, 'DataFormatConversion.ParseError'],
        ],
      );
      assert.equal(failed[0]!.errorMessage, 'Data does not match the schema. For input string: "x" (column a)');
      assert.deepEqual(await conversion.add([]), []);
      // Of the record that fails, the row that fits is not there either.
      const { rows, byteLength } = await conversion.finish();
      assert.equal(rows, 4);
      await conversion.close();
      await conversion.close();
      const file = Buffer.concat(pieces);
      assert.equal(file.length, byteLength);
      assert.ok(file.subarray(-4).includes(ends[name as 'orc']), name);
      assert.deepEqual(await scratchFiles(), []);
      if (serializer === parquet) await assert.rejects(conversion.add(records('{}')), /the conversion was closed/);
    }
    await formats.close();
  });

test('many conversions in one worker, and one that is left', { timeout: 60_000 }, async () => {
  const formats = openFormats({ scratchFolder: join(folder, 'scratch') });
  const made = await Promise.all(
    Array.from({ length: 40 }, async (_, number) => {
      const pieces: Uint8Array[] = [];
      const conversion = await formats.createConversion(settings(number % 2 ? orc : parquet), (bytes) => {
        pieces.push(bytes);
      });
      for (let time = 0; time < 5; time += 1) await conversion.add(records(...Array(number).fill('{"a":1}')));
      if (number === 7) return 0;
      const { rows } = await conversion.finish();
      await conversion.close();
      return rows - number * 5;
    }),
  );
  assert.deepEqual(made, Array(40).fill(0));
  await formats.close();
  assert.deepEqual(await readdir(join(folder, 'scratch')), []);
  // Closed is not the end: the next conversion starts another worker.
  const conversion = await formats.createConversion(settings(orc), () => {});
  await conversion.close();
  await assert.rejects(conversion.finish(), /the conversion was closed/);
  await formats.close();
});

async function refused(formats: RecordFormats, changed: object): Promise<string> {
  let message = '';
  await assert.rejects(
    formats.createConversion({ ...settings(parquet), ...changed }, () => {}),
    (error: Error) => {
      assert.equal(error.name, 'ConversionSettingsError', String(error));
      ({ message } = error);
      return true;
    },
  );
  return message;
}

test('settings that no file can be made with', { timeout: 60_000 }, async () => {
  const formats = openFormats({ scratchFolder: join(folder, 'scratch') });
  for (const [changed, words] of [
    [{ columns: [] }, /at least one column/],
    [{ columns: [{ name: 'a', type: 'uniontype<int>' }] }, /column a: uniontype is not a type/],
    [{ columns: [...columns, { name: 'A', type: 'int' }] }, /differ in case only/],
    [{ deserializer: {} }, /one of OpenXJsonSerDe and HiveJsonSerDe/],
    [{ deserializer: { OpenXJsonSerDe: {}, HiveJsonSerDe: {} } }, /one of OpenXJsonSerDe and HiveJsonSerDe/],
    [{ deserializer: { OpenXJsonSerDe: { CaseInsensitive: 'no' } } }, /CaseInsensitive is true or false, not "no"/],
    [{ deserializer: { HiveJsonSerDe: { TimestampFormats: ['yyyy G'] } } }, /G of "yyyy G" cannot be read/],
    [{ serializer: { ParquetSerDe: { Compression: 'LZO' } } }, /one of UNCOMPRESSED, GZIP, SNAPPY, not "LZO"/],
    [{ serializer: { ParquetSerDe: { BlockSizeBytes: 1 << 20 } } }, /at least 67108864/],
    [{ serializer: { ParquetSerDe: { PageSize: 1 } } }, /has no member PageSize/],
    [{ serializer: { OrcSerDe: { StripeSizeBytes: 1 } } }, /OrcSerDe: StripeSizeBytes/],
    [{ serializer: {} }, /one of ParquetSerDe and OrcSerDe/],
  ] as const)
    assert.match(await refused(formats, changed), words);
  await formats.close();
});

test('a platform without DuckDB is named', async () => {
  const missing = (): Promise<unknown> =>
    Promise.reject(new Error("Cannot find module '@duckdb/node-bindings-linux-riscv64/duckdb.node'"));
  await assert.rejects(loadDuckDb(missing), {
    name: 'ConversionSettingsError',
    message: new RegExp(`@duckdb/node-bindings-${process.platform}-${process.arch} is not installed or does not load`),
  });
});

test('a sink that fails, a worker that dies', { timeout: 60_000 }, async () => {
  const formats = openFormats({ scratchFolder: join(folder, 'scratch'), heapLimitMib: 32 });
  for (const serializer of [parquet, orc]) {
    const conversion = await formats.createConversion(settings(serializer), () => Promise.reject(new Error('full')));
    await conversion.add(records('{"a":1}'));
    await assert.rejects(conversion.finish(), /the sink failed: full/);
    await conversion.close();
  }
  // More than its heap holds, in the dictionary of a stripe, while a Parquet file is under way.
  await formats.createConversion(settings(parquet), () => {});
  const conversion = await formats.createConversion(settings({ OrcSerDe: { FormatVersion: 'V0_11' } }), () => {});
  const large = Array.from({ length: 200_000 }, (_, index) => `{"b":"${String(index).repeat(30)}"}`);
  await assert.rejects(
    conversion.add(large.map((text) => Buffer.from(text))),
    /the worker of record formats has failed/,
  );
  await assert.rejects(conversion.add(records('{}')), /the worker of record formats has failed/);
  await conversion.close();
  const next = await formats.createConversion(settings(orc), () => {});
  assert.deepEqual(await next.add(records('{"a":1}')), []);
  assert.equal((await next.finish()).rows, 1);
  await formats.close();
  assert.deepEqual(await readdir(join(folder, 'scratch')), []);
});

test('what memory does not hold waits on disk, and files are copied in turn', { timeout: 120_000 }, async () => {
  const scratchFolder = join(folder, 'scratch');
  const formats = openFormats({ scratchFolder, memoryLimitBytes: 48 << 20 });
  let bytes = 0;
  const sink = (piece: Uint8Array): void => void (bytes += piece.length);
  const conversions = await Promise.all(
    Array.from({ length: 8 }, () => formats.createConversion(settings(parquet), sink)),
  );
  let sent = 0;
  let hasSpilled = false;
  for (let call = 0; call < 104; call += 1) {
    const batch = Array.from({ length: 1000 }, (_, a) =>
      Buffer.from(JSON.stringify({ a, b: randomBytes(750).toString('base64') })),
    );
    for (const { length } of batch) sent += length;
    await conversions[call % 8]!.add(batch);
    hasSpilled ||= (await scratchFiles()).length > 0;
  }
  const summaries = await Promise.all(conversions.map((conversion) => conversion.finish()));
  assert.deepEqual(
    summaries.map(({ rows }) => rows),
    Array(8).fill(13_000),
  );
  for (const conversion of conversions) await conversion.close();
  await formats.close();
  assert.ok(sent > 100 << 20 && bytes > 60 << 20, `${sent} bytes became ${bytes}`);
  assert.ok(hasSpilled, 'nothing was spilled');
  assert.deepEqual(await readdir(scratchFolder), []);
});

test('closed while it finishes', { timeout: 60_000 }, async () => {
  const formats = openFormats({ scratchFolder: join(folder, 'scratch') });
  for (const serializer of [parquet, orc]) {
    // The sink never takes what it is given.
    let given = (): void => {};
    const isGiven = new Promise<void>((resolve) => (given = resolve));
    const hanging = await formats.createConversion(settings(serializer), () => {
      given();
      return new Promise<void>(() => {});
    });
    await hanging.add(records('{"a":1}'));
    const finished = assert.rejects(hanging.finish(), /the conversion was closed/);
    await isGiven;
    await hanging.close();
    await finished;
  }
  // Some in their COPY, some before it.
  const large = records(...Array<string>(20_000).fill(`{"a":1,"b":"${'x'.repeat(200)}"}`));
  await Promise.all(
    Array.from({ length: 6 }, async () => {
      const conversion = await formats.createConversion(settings(parquet), () => {});
      await conversion.add(large);
      const finished = conversion.finish().catch((error: unknown) => error);
      await conversion.close();
      await finished;
    }),
  );
  assert.deepEqual(await scratchFiles(), []);
  const next = await formats.createConversion(settings(parquet), () => {});
  await next.add(records('{"a":1}'));
  assert.equal((await next.finish()).rows, 1);
  await next.close();
  await formats.close();
});

test('texts that are hard to hold', { timeout: 60_000 }, async () => {
  const formats = openFormats({ scratchFolder: join(folder, 'scratch') });
  const long = 'x'.repeat(1 << 20);
  for (const serializer of [parquet, orc]) {
    const conversion = await formats.createConversion(
      { ...settings(serializer), columns: [...columns, { name: 'm', type: 'map<string,array<string>>' }] },
      () => {},
    );
    const keys = Array.from({ length: 50_000 }, (_, key) => `"${key}":["\\u0000",""]`).join(',');
    const texts = [
      `{"b":"\\ud800"}`,
      `{"b":"${long}"}`,
      `{"${long}":1}`,
      `{"m":{"${long}":["${long}"]}}`,
      `{"m":{${keys}}}`,
    ];
    assert.deepEqual(await conversion.add(records(...texts)), []);
    assert.equal((await conversion.finish()).rows, texts.length);
    await conversion.close();
  }
  await formats.close();
});
