/** Iceberg's REST catalog itself, with pyiceberg as its client and versitygw under it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startIceberg } from './servers/iceberg.ts';
import { startVersitygw } from './servers/versitygw.ts';

const writing = `
catalog.create_namespace("sensors")
batch = pyarrow.Table.from_pylist(argument)
table = catalog.create_table("sensors.readings", schema=batch.schema)
table.append(batch)
table.append(batch.slice(0, 1))
print(json.dumps([len(table.history()), table.location()]))
`;

test('pyiceberg creates, appends and reads; files lie in S3', { timeout: 300_000 }, async () => {
  const s3 = await startVersitygw();
  try {
    await s3.createBucket('lake');
    const iceberg = await startIceberg({ s3, warehouse: 's3://lake/warehouse' });
    try {
      const [first, second] = [
        { id: 1, place: 'here', deep: { at: [1, 2] } },
        { id: 2, place: null, deep: { at: [] } },
      ];
      const [snapshots, location] = (await iceberg.python(writing, [first, second])) as [number, string];
      assert.equal(snapshots, 2);
      assert.equal(location, 's3://lake/warehouse/sensors/readings');
      const rows = await iceberg.rows('sensors.readings');
      rows.sort((a, b) => (a['id'] as number) - (b['id'] as number));
      assert.deepEqual(rows, [first, first, second]);
      const keys = await s3.keys('lake', 'warehouse/sensors/readings/');
      assert.equal(keys.filter((key) => key.endsWith('.parquet')).length, 2);
      const namespaces = new URL('/v1/namespaces', iceberg.endpoint);
      const answer = await fetch(namespaces, { headers: { authorization: `Bearer ${iceberg.token}` } });
      assert.deepEqual(await answer.json(), { namespaces: [['sensors']], 'next-page-token': null });
      assert.equal((await fetch(namespaces, { headers: { authorization: 'Bearer guessed' } })).status, 401);
    } finally {
      await iceberg.stop();
    }
  } finally {
    await s3.stop();
  }
});
