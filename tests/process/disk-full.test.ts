/** A data directory on a file system of 100 MB of its own, which the server's mount namespace alone sees. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { cli, startServer } from '../../tools/server-process.ts';
import { kinesisCaller, untilActive } from './caller.ts';

test('a full disk gives a clear error, loses nothing, and the server goes on when there is room again', async () => {
  const data = await mkdtemp(join(tmpdir(), 'millrace-full-'));
  const server = await startServer(['--data', data, '--limits', 'none', '--transition-ms', '0'], {
    command: [
      'unshare',
      '-rm',
      'sh',
      '-c',
      `mount -t tmpfs -o size=100m tmpfs ${data} && exec "$0" "$@"`,
      process.execPath,
      cli,
    ],
  });
  const inside = join(`/proc/${server.child.pid}/root`, data);
  const call = kinesisCaller(server.endpoint);
  await call('CreateStream', { StreamName: 's', ShardCount: 1 });
  await untilActive(call, 's');
  const acknowledged: number[] = [];
  let next = 0;
  /** Puts 100 records of 5 kB; answers the failure, if it is one. */
  const put = async (): Promise<string | undefined> => {
    const numbers = Array.from({ length: 100 }, () => next++);
    const Records = numbers.map((n) => ({
      PartitionKey: 'k',
      Data: Buffer.from(String(n).padEnd(5000)).toString('base64'),
    }));
    const answer = (await call('PutRecords', { StreamName: 's', Records })) as {
      Records: { ErrorCode?: string; ErrorMessage?: string; SequenceNumber?: string }[];
    };
    for (const [at, { SequenceNumber }] of answer.Records.entries())
      if (SequenceNumber !== undefined) acknowledged.push(numbers[at]!);
    return answer.Records.find(({ ErrorCode }) => ErrorCode !== undefined)?.ErrorCode;
  };
  assert.equal(await put(), undefined);
  const ballast = join(inside, 'ballast');
  // What is left of the file system, but for a few pages.
  await writeFile(ballast, Buffer.alloc(100 << 20)).catch((error: NodeJS.ErrnoException) =>
    assert.equal(error.code, 'ENOSPC'),
  );
  let failure: string | undefined;
  for (let tries = 0; tries < 1000 && failure === undefined; tries += 1) failure = await put();
  assert.equal(failure, 'InternalFailure');
  assert.match(server.log(), /disk is full|ENOSPC|no new journal file/);
  const before = acknowledged.length;
  await rm(ballast);
  while ((await put()) !== undefined) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.ok(acknowledged.length > before);
  const seen: number[] = [];
  let iterator = (await call('GetShardIterator', { StreamName: 's', ShardId: '0', ShardIteratorType: 'TRIM_HORIZON' }))[
    'ShardIterator'
  ];
  for (;;) {
    const page = (await call('GetRecords', { ShardIterator: iterator })) as {
      Records: { Data: string }[];
      NextShardIterator: string;
      MillisBehindLatest: number;
    };
    seen.push(...page.Records.map(({ Data }) => Number(Buffer.from(Data, 'base64').toString())));
    iterator = page.NextShardIterator;
    if (page.MillisBehindLatest === 0) break;
  }
  assert.deepEqual(seen, acknowledged);
  assert.equal(await server.stop(), 0, server.log());
  await rm(data, { recursive: true, force: true });
});
