/**
 * A real server killed with -9 under load, again and again on one directory: every acknowledged record is there afterwards,
 * once per acknowledgement, whole and in order; records that were under way may or may not be.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startServer } from '../../tools/server-process.ts';
import { kinesisCaller } from './caller.ts';
import type { Call } from './caller.ts';

const rounds = Number(process.env['MILLRACE_KILL_ROUNDS'] ?? 8);
const writers = 8;

interface Written {
  /** Acknowledged ordinals by writer. */
  readonly acknowledged: Set<number>[];
  next: number[];
}

test(
  `kill -9 under load, ${rounds} times: no acknowledged record is lost, torn, doubled or out of order`,
  { timeout: 180_000 },
  async () => {
    const data = await mkdtemp(join(tmpdir(), 'millrace-kill-'));
    const written: Written = {
      acknowledged: Array.from({ length: writers }, () => new Set()),
      next: Array.from({ length: writers }, () => 0),
    };
    try {
      for (let round = 0; round < rounds; round += 1) {
        const server = await startServer([
          '--data',
          data,
          '--limits',
          'none',
          '--transition-ms',
          '0',
          '--hot-mib',
          '4',
        ]);
        const call = kinesisCaller(server.endpoint);
        if (round === 0) await createStream(call);
        const load = Array.from({ length: writers }, (_, writer) => write(call, writer, written));
        const goal = total(written) + 3000 + Math.floor(Math.random() * 3000);
        while (total(written) < goal) await new Promise((resolve) => setTimeout(resolve, 1));
        const exit = server.stop('SIGKILL');
        await Promise.all(load);
        assert.equal(await exit, null);
      }
      const server = await startServer(['--data', data, '--limits', 'none']);
      try {
        check(await readAll(kinesisCaller(server.endpoint)), written);
      } finally {
        assert.equal(await server.stop(), 0);
      }
    } finally {
      await rm(data, { recursive: true, force: true });
    }
  },
);

async function createStream(call: Call): Promise<void> {
  await call('CreateStream', { StreamName: 's', ShardCount: 3 });
  while (!JSON.stringify(await call('DescribeStreamSummary', { StreamName: 's' })).includes('"ACTIVE"'))
    await new Promise((resolve) => setTimeout(resolve, 5));
}

function total({ acknowledged }: Written): number {
  return acknowledged.reduce((sum, { size }) => sum + size, 0);
}

/** Puts batches until the server is gone. A batch without an answer leaves its ordinals used and unacknowledged. */
async function write(call: Call, writer: number, written: Written): Promise<void> {
  for (;;) {
    const first = written.next[writer]!;
    const ordinals = Array.from({ length: 20 }, (_, offset) => first + offset);
    written.next[writer] = first + ordinals.length;
    const records = ordinals.map((ordinal) => ({ PartitionKey: `writer-${writer}`, Data: payload(writer, ordinal) }));
    try {
      const answer = await call('PutRecords', { StreamName: 's', Records: records });
      assert.equal(answer['FailedRecordCount'], 0);
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      return;
    }
    for (const ordinal of ordinals) written.acknowledged[writer]!.add(ordinal);
  }
}

function payload(writer: number, ordinal: number): string {
  return Buffer.from(`${writer}:${ordinal}:${'x'.repeat(ordinal % 300)}`).toString('base64');
}

async function readAll(call: Call): Promise<number[][]> {
  const found: number[][] = Array.from({ length: writers }, () => []);
  const { Shards: shards } = (await call('ListShards', { StreamName: 's' })) as unknown as {
    Shards: { ShardId: string }[];
  };
  for (const { ShardId } of shards) {
    const start = await call('GetShardIterator', { StreamName: 's', ShardId, ShardIteratorType: 'TRIM_HORIZON' });
    let iterator = start['ShardIterator'] as string;
    for (;;) {
      const page = (await call('GetRecords', { ShardIterator: iterator })) as unknown as {
        Records: { Data: string }[];
        NextShardIterator: string;
        MillisBehindLatest: number;
      };
      for (const { Data } of page.Records) {
        const [writer, ordinal] = Buffer.from(Data, 'base64').toString().split(':').map(Number);
        assert.equal(Data, payload(writer!, ordinal!), 'a torn record');
        found[writer!]!.push(ordinal!);
      }
      if (page.Records.length === 0 && page.MillisBehindLatest === 0) break;
      iterator = page.NextShardIterator;
    }
  }
  return found;
}

function check(found: number[][], { acknowledged, next }: Written): void {
  for (const [writer, ordinals] of found.entries()) {
    for (let at = 1; at < ordinals.length; at += 1)
      assert.ok(ordinals[at]! > ordinals[at - 1]!, `writer ${writer}: ${ordinals[at]} after ${ordinals[at - 1]}`);
    const present = new Set(ordinals);
    for (const ordinal of acknowledged[writer]!)
      assert.ok(present.has(ordinal), `writer ${writer}: acknowledged ${ordinal} is lost`);
    assert.ok(
      ordinals.every((ordinal) => ordinal < next[writer]!),
      'a record that nobody put',
    );
  }
}
