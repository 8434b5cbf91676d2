/** Records become Parquet and ORC objects, of an S3 of another maker; pyarrow reads the files back. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { startServer } from '../../tools/server-process.ts';
import { untilTrue } from '../clients/environments.ts';
import { firehoseCaller } from '../process/caller.ts';
import { createConverting, createTable, FileReader, order, rowOf } from '../process/converted-orders.ts';
import { startVersitygw } from './servers/versitygw.ts';

const count = 2000;
const serializers = { parquet: { ParquetSerDe: { Compression: 'GZIP' } }, orc: { OrcSerDe: {} } };

test('S3 (versitygw): Parquet and ORC, and a record that does not convert', { timeout: 180_000 }, async () => {
  const [s3, reader] = [await startVersitygw(), await FileReader.start()];
  const folder = await mkdtemp(join(tmpdir(), 'millrace-converted-'));
  const server = await startServer(['--transition-ms', '0', '--s3', s3.endpoint], { env: s3.env });
  try {
    const call = firehoseCaller(server.endpoint);
    await createTable(server.endpoint);
    for (const [format, serializer] of Object.entries(serializers)) {
      await s3.createBucket(format);
      await createConverting(server.endpoint, format, { serializer, intervalSeconds: 1 });
      for (let from = 0; from < count; from += 500) {
        const texts = Array.from({ length: 500 }, (_, index) => order(from + index));
        if (from === 0) texts.push('{"id": "no number"}');
        const records = texts.slice(-500).map((text) => ({ Data: Buffer.from(text).toString('base64') }));
        await call('PutRecordBatch', { DeliveryStreamName: format, Records: records });
      }
      let rows: unknown[][] = [];
      await untilTrue(async () => {
        const local = join(folder, format);
        await mkdir(local, { recursive: true });
        for (const [key, body] of await s3.objects(format, 'data/')) await writeFile(join(local, basename(key)), body);
        rows = await reader.rows(local);
        return rows.length >= count - 1;
      }, `the rows in ${format}`);
      const expected = Array.from({ length: count - 1 }, (_, index) => rowOf(index + 1));
      assert.deepEqual(
        rows.toSorted(([one], [other]) => Number(one) - Number(other)),
        expected,
      );
      const [failed] = (await s3.objects(format, 'errors/format-conversion-failed/')).values();
      const { lastErrorCode } = JSON.parse(String(failed)) as { lastErrorCode: string };
      assert.equal(lastErrorCode, 'DataFormatConversion.MalformedData');
    }
  } finally {
    assert.equal(await server.stop(), 0, server.log());
    await Promise.all([reader.stop(), s3.stop(), rm(folder, { recursive: true, force: true })]);
  }
});
