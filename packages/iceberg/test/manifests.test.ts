/** Manifest lists of other writers, and files that are none; what ours say is read by pyiceberg and Java in tests/destinations. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { zstdCompressSync } from 'node:zlib';
import avsc from 'avsc';
import { readContainer, writeContainer } from '../src/avro/container.ts';
import { optional, record, required } from '../src/manifests/avro-fields.ts';
import { readManifestList, writeManifestList } from '../src/manifests/manifest-list.ts';

const sync = Buffer.alloc(16, 7);

/** As the first writers had it: other names, fewer fields. */
const early = record('manifest_file', [
  required(500, 'path', 'string'),
  required(501, 'length', 'long'),
  required(502, 'spec', 'int'),
  optional(503, 'snapshot', 'long'),
  optional(504, 'added_data_files_count', 'int'),
  { name: 'made_by', type: 'string', default: 'nobody' },
]);
const earlyLine = {
  path: 's3://lake/m.avro',
  length: 77,
  spec: 3,
  snapshot: 9_223_372_036_854_775_807n,
  added_data_files_count: 2,
};

test('fields go by their ids', () => {
  const [line] = readManifestList(writeContainer(early, {}, [{ ...earlyLine, made_by: 'us' }], sync));
  assert.deepEqual(line, {
    manifest_path: 's3://lake/m.avro',
    manifest_length: 77n,
    partition_spec_id: 3,
    added_snapshot_id: 9_223_372_036_854_775_807n,
    added_files_count: 2,
    made_by: 'us',
    content: 0,
    sequence_number: 0n,
    min_sequence_number: 0n,
  });
});

test('a list of version 1 goes on in version 1; without its counts not in version 2', () => {
  const manifests = readManifestList(writeContainer(early, {}, [{ ...earlyLine, made_by: '' }], sync));
  const parts = { snapshotId: 5n, parentId: 4n, sequenceNumber: 1n, manifests, sync };
  const [again] = readManifestList(writeManifestList({ formatVersion: 1, ...parts }));
  assert.equal(again!['added_files_count'], 2);
  assert.equal(again!['deleted_files_count'], null);
  assert.throws(() => writeManifestList({ formatVersion: 2, ...parts }), {
    code: 'Iceberg.UnsupportedTable',
    message: /s3:\/\/lake\/m.avro/,
  });
});

test('the header says what the schema said', () => {
  const { metadata } = readContainer(writeContainer(early, { more: 'told' }, [], sync), () => 'null');
  assert.deepEqual(JSON.parse(metadata.get('avro.schema')!), early);
  assert.equal(metadata.get('more'), 'told');
});

function container(codec: string, data: Buffer, count = 1): Buffer {
  const long = avsc.Type.forSchema('long');
  const header = avsc.Type.forSchema({ type: 'map', values: 'bytes' }).toBuffer({
    'avro.schema': Buffer.from('"int"'),
    'avro.codec': Buffer.from(codec),
  });
  const block = [long.toBuffer(count), long.toBuffer(data.length), data, sync];
  return Buffer.concat([Buffer.from('Obj\u0001'), header, sync, ...block]);
}

test('codecs', () => {
  const data = avsc.Type.forSchema('int').toBuffer(5);
  for (const [codec, bytes] of [
    ['null', data],
    ['zstandard', zstdCompressSync(data)],
  ] as const)
    assert.deepEqual(readContainer(container(codec, bytes), (schema) => schema).records, [5]);
  assert.throws(() => readContainer(container('snappy', data), (schema) => schema), /compressed by snappy/);
});

test('what is no Avro file', () => {
  const data = avsc.Type.forSchema('int').toBuffer(5);
  const good = container('null', data);
  const broken = [
    Buffer.alloc(0),
    Buffer.from('PAR1'),
    ...Array.from({ length: good.length - 5 }, (_, cut) => good.subarray(0, cut + 4)).filter(
      // Without a block it is a file of nothing.
      (file) => file.length !== good.length - data.length - 2 - sync.length,
    ),
    container('null', data, -1),
    container('null', data, 2),
    container('deflate', Buffer.from('none')),
  ];
  for (const file of broken)
    assert.throws(
      () => readContainer(file, (schema) => schema),
      { code: 'Iceberg.UnsupportedTable' },
      file.toString('latin1'),
    );
});
