/**
 * A real server killed with -9 while it converts, again and again on one directory: every record that was acknowledged is a row
 * of a whole file afterwards, and what was being made is gone.
 */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startServer } from '../../tools/server-process.ts';
import { untilTrue } from '../clients/environments.ts';
import { firehoseCaller } from './caller.ts';
import type { Call } from './caller.ts';
import { createConverting, createTable, FileReader, order } from './converted-orders.ts';

const rounds = Number(process.env['MILLRACE_KILL_ROUNDS'] ?? 5);

let reader: FileReader;
before(async () => {
  reader = await FileReader.start();
});
after(() => reader.stop());

for (const [format, serializer] of Object.entries({ parquet: { ParquetSerDe: {} }, orc: { OrcSerDe: {} } }))
  test(`killed with -9 while it converts to ${format}, ${rounds} times`, { timeout: 600_000 }, async () => {
    const data = await mkdtemp(join(tmpdir(), 'millrace-kill-'));
    const scratch = join(data, 'conversions');
    const acknowledged = new Set<number>();
    const args = ['--data', data, '--limits', 'none', '--transition-ms', '0'];
    let next = 0;
    let left = 0;
    try {
      for (let round = 0; round < rounds; round += 1) {
        const server = await startServer(args);
        if (round === 0) {
          await createTable(server.endpoint);
          await createConverting(server.endpoint, format, { serializer, intervalSeconds: 0 });
        }
        const call = firehoseCaller(server.endpoint);
        const from = acknowledged.size;
        const writing = [0, 1].map(() => write(call, format, acknowledged, () => next++));
        await untilTrue(() => acknowledged.size >= from + 3000, 'records');
        // A moment later, at any place of what a conversion does.
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 200));
        const exit = server.stop('SIGKILL');
        await Promise.all(writing);
        assert.equal(await exit, null);
        left += (await readdir(scratch).catch(() => [])).length;
      }
      if (format === 'parquet') assert.ok(left > 0, 'a conversion was under way');
      const server = await startServer(args);
      try {
        await untilTrue(async () => {
          const ids = new Set((await reader.rows(join(data, 'buckets', format))).map(([id]) => Number(id)));
          return [...acknowledged].every((id) => ids.has(id));
        }, 'every acknowledged record in a file');
      } finally {
        assert.equal(await server.stop(), 0);
      }
      assert.deepEqual(await readdir(scratch).catch(() => []), []);
    } finally {
      await rm(data, { recursive: true, force: true });
    }
  });

/** Puts until the server is gone; what was under way then may be delivered or not. */
async function write(call: Call, name: string, acknowledged: Set<number>, number: () => number): Promise<void> {
  for (;;) {
    const ids = Array.from({ length: 100 }, number);
    const records = ids.map((id) => ({ Data: Buffer.from(order(id)).toString('base64') }));
    try {
      await call('PutRecordBatch', { DeliveryStreamName: name, Records: records });
    } catch {
      return;
    }
    for (const id of ids) acknowledged.add(id);
  }
}
