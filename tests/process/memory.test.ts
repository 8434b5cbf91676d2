/**
 * Gigabytes go through a small process: MILLRACE_GIGABYTES says how many (1 where nothing is said). V8 is told how
 * much heap it may use, as README advises for small machines: left alone it collects garbage when there is no hurry.
 */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startServer } from '../../tools/server-process.ts';
import { kinesisCaller, untilActive } from './caller.ts';

const gigabytes = Number(process.env['MILLRACE_GIGABYTES'] ?? 1);
const limitMb = 256;

test(`${gigabytes} GB in records of 256 KB and of 1 KB go through a process that never has more than ${limitMb} MB`, async () => {
  const data = await mkdtemp(join(tmpdir(), 'millrace-memory-'));
  const small = [
    '--limits',
    'none',
    '--transition-ms',
    '0',
    '--hot-mib',
    '16',
    '--body-budget-mib',
    '16',
    '--answer-budget-mib',
    '16',
  ];
  const server = await startServer(['--data', data, ...small], {
    env: { NODE_OPTIONS: '--max-old-space-size=80 --max-semi-space-size=4' },
  });
  const call = kinesisCaller(server.endpoint);
  await call('CreateStream', { StreamName: 's', ShardCount: 4 });
  await untilActive(call, 's');
  const requests = [
    { size: 256 << 10, count: 20 },
    { size: 1000, count: 500 },
  ].map(({ size, count }) => {
    const Data = Buffer.alloc(size, 'x').toString('base64');
    return { bytes: size * count, Records: Array.from({ length: count }, (_, n) => ({ PartitionKey: `k${n}`, Data })) };
  });
  let sent = 0;
  const writers = Array.from({ length: 8 }, async (_, writer) => {
    while (sent < gigabytes * 1e9) {
      const { bytes, Records } = requests[writer % 2]!;
      sent += bytes;
      assert.equal((await call('PutRecords', { StreamName: 's', Records }))['FailedRecordCount'], 0);
    }
  });
  const readers = Array.from({ length: 4 }, async (_, shard) => {
    const place = { StreamName: 's', ShardId: String(shard), ShardIteratorType: 'TRIM_HORIZON' };
    let { ShardIterator: iterator } = await call('GetShardIterator', place);
    for (let pages = 0; pages < 20 || sent < gigabytes * 1e9; pages += 1) {
      const page = await call('GetRecords', { ShardIterator: iterator });
      iterator = page['NextShardIterator'];
    }
  });
  await Promise.all([...writers, ...readers]);
  const status = await readFile(`/proc/${server.child.pid}/status`, 'utf8');
  const peakMb = Number(/^VmHWM:\s+(\d+) kB/m.exec(status)![1]) / 1024;
  assert.equal(await server.stop(), 0, server.log());
  await rm(data, { recursive: true, force: true });
  assert.ok(peakMb <= limitMb, `${peakMb} MB at the peak`);
});
