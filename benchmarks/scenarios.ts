/** What one row of records a second does not tell: latency at a fixed rate, many short sessions, restarts, memory of idle shards. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect as connectHttp2 } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { launcher, startServer } from '../tools/server-process.ts';
import { startMillrace } from './candidates.ts';
import type { Candidate } from './candidates.ts';
import { processUsage } from './process-usage.ts';
import { buildRequest, openConnection } from './raw-client.ts';

const run = promisify(execFile);

async function call(host: string, port: number, operation: string, input: object): Promise<string> {
  const connection = await openConnection(host, port);
  const answer = await connection.send(
    buildRequest(`${host}:${port}`, operation, Buffer.from(JSON.stringify(input)), {}),
  );
  connection.close();
  if (answer.status !== 200) throw new Error(`${operation}: ${answer.body.toString().slice(0, 200)}`);
  return answer.body.toString();
}

async function createStream({ host, port }: { host: string; port: number }, shards: number): Promise<void> {
  await call(host, port, 'CreateStream', { StreamName: 'bench', ShardCount: shards });
  while (!(await call(host, port, 'DescribeStreamSummary', { StreamName: 'bench' })).includes('"ACTIVE"'))
    await new Promise((resolve) => setTimeout(resolve, 20));
}

/** Put to receive, open loop: a record's time counts from when it was due. By GetRecords, and by 1, 5 and 20 consumers. */
export async function measureFanout(seconds: number): Promise<string[]> {
  const lines: string[] = [];
  for (const consumers of [0, 1, 5, 20]) {
    const server = await startMillrace();
    try {
      await createStream(server, 2);
      const way = consumers === 0 ? 'GetRecords 5 times a second' : `SubscribeToShard, ${consumers} consumers`;
      process.stderr.write(`millrace: ${way}, 1,000 records/s …\n`);
      const script = join(import.meta.dirname, 'fanout.ts');
      const args = [`http://${server.host}:${server.port}`, 'bench', String(seconds), '1000', String(consumers)];
      const { stdout } = await run(process.execPath, ['--conditions=source', script, ...args], { timeout: 120_000 });
      const { p50Ms, p99Ms, p999Ms, received } = JSON.parse(stdout) as Record<string, number>;
      lines.push(
        `put to receive at 1,000 records/s, ${way}: p50 ${p50Ms!.toFixed(2)} ms, p99 ${p99Ms!.toFixed(2)} ms, p99.9 ${p999Ms!.toFixed(2)} ms, ${received} received`,
      );
    } finally {
      await server.stop();
    }
  }
  return lines;
}

/** The JavaScript SDK opens a session for each PutRecord (aws-sdk-js-v3 issue 8279): 10,000 of them, plain and TLS. */
export async function measureShortSessions(): Promise<string[]> {
  const lines: string[] = [];
  for (const scheme of ['http', 'https']) {
    const server = await startMillrace();
    try {
      await createStream(server, 2);
      process.stderr.write(`millrace: 10,000 short HTTP/2 sessions, ${scheme} …\n`);
      await sessions(server, scheme, 500);
      const before = processUsage(server.pid);
      const began = performance.now();
      await sessions(server, scheme, 10_000);
      const elapsed = (performance.now() - began) / 1000;
      const after = processUsage(server.pid);
      lines.push(
        `10,000 HTTP/2 sessions of one PutRecord, ${scheme}: ${(10_000 / elapsed).toFixed(0)}/s, ${(((after.cpuSeconds - before.cpuSeconds) / 10_000) * 1e6).toFixed(0)} µs of CPU each, memory ${before.residentMb.toFixed(0)} → ${after.residentMb.toFixed(0)} MB`,
      );
    } finally {
      await server.stop();
    }
  }
  return lines;
}

async function sessions(server: Candidate, scheme: string, count: number): Promise<void> {
  let left = count;
  const body = JSON.stringify({ StreamName: 'bench', PartitionKey: 'k', Data: 'MA==' });
  const one = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const session = connectHttp2(`${scheme}://${server.host}:${server.port}`, { rejectUnauthorized: false });
      session.once('error', reject);
      const stream = session.request({
        ':method': 'POST',
        ':path': '/',
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'Kinesis_20131202.PutRecord',
      });
      stream.once('error', reject);
      stream.resume();
      stream.once('end', () => {
        session.close();
        resolve();
      });
      stream.end(body);
    });
  await Promise.all(
    Array.from({ length: 32 }, async () => {
      while (left-- > 0) await one();
    }),
  );
}

/** How long a server with a backlog takes to be ready again, after SIGTERM and after kill -9. */
export async function measureRestart(gigabytes: number): Promise<string[]> {
  const data = await mkdtemp(join(tmpdir(), 'millrace-bench-'));
  const start = (): ReturnType<typeof startServer> =>
    startServer(['--data', data, '--limits', 'none', '--transition-ms', '0'], { command: [launcher] });
  const lines: string[] = [];
  try {
    let server = await start();
    const { hostname: host, port } = new URL(server.endpoint);
    await createStream({ host, port: Number(port) }, 8);
    process.stderr.write(`millrace: a backlog of ${gigabytes} GB …\n`);
    const Records = Array.from({ length: 500 }, (_, n) => ({
      PartitionKey: `k${n}`,
      Data: Buffer.alloc(10_000, 'x').toString('base64'),
    }));
    const request = buildRequest(
      `${host}:${port}`,
      'PutRecords',
      Buffer.from(JSON.stringify({ StreamName: 'bench', Records })),
      {},
    );
    let left = Math.ceil((gigabytes * 1e9) / 5e6);
    await Promise.all(
      Array.from({ length: 4 }, async () => {
        const connection = await openConnection(host, Number(port));
        while (left-- > 0) await connection.send(request);
      }),
    );
    for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
      await server.stop(signal);
      server = await start();
      lines.push(
        `${gigabytes} GB on disk, after ${signal}: ready in ${server.readyMs.toFixed(0)} ms, ${processUsage(server.child.pid!).residentMb.toFixed(0)} MB`,
      );
    }
    await server.stop();
  } finally {
    await rm(data, { recursive: true, force: true });
  }
  return lines;
}

/**
 * Memory at a steady rate: 2,000 records of 1 KiB a second in, and out again by GetRecords. Beside the growth from the first quarter
 * to the last stands what was seen in between.
 */
export async function measureMemory(minutes: number): Promise<string[]> {
  const server = await startMillrace();
  try {
    await createStream(server, 4);
    process.stderr.write(`millrace: memory over ${minutes} minutes …\n`);
    const samples: number[] = [];
    const until = performance.now() + minutes * 60_000;
    const Records = Array.from({ length: 100 }, (_, n) => ({
      PartitionKey: `k${n}`,
      Data: Buffer.alloc(1024, 'x').toString('base64'),
    }));
    const put = JSON.stringify({ StreamName: 'bench', Records });
    const readers = [0, 1, 2, 3].map((shard) => follow(server, `shardId-00000000000${shard}`, until));
    for (let next = performance.now(); next < until; next += 50) {
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, next - performance.now())));
      await call(server.host, server.port, 'PutRecords', JSON.parse(put) as object);
      samples.push(processUsage(server.pid).residentMb);
    }
    await Promise.all(readers);
    const quarter = Math.ceil(samples.length / 4);
    const mean = (some: readonly number[]): string =>
      (some.reduce((sum, one) => sum + one, 0) / some.length).toFixed(0);
    return [
      `2,000 records of 1 KiB a second for ${minutes} minutes: ${mean(samples.slice(0, quarter))} MB in the first quarter, ${mean(samples.slice(-quarter))} MB in the last, ${Math.max(...samples).toFixed(0)} MB at most`,
    ];
  } finally {
    await server.stop();
  }
}

async function follow({ host, port }: Candidate, ShardId: string, until: number): Promise<void> {
  const place = { StreamName: 'bench', ShardId, ShardIteratorType: 'LATEST' };
  let { ShardIterator: iterator } = JSON.parse(await call(host, port, 'GetShardIterator', place)) as {
    ShardIterator: string;
  };
  while (performance.now() < until) {
    const page = JSON.parse(await call(host, port, 'GetRecords', { ShardIterator: iterator })) as {
      NextShardIterator: string;
    };
    iterator = page.NextShardIterator;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** What 5,000 idle shards take. */
export async function measureShardMemory(): Promise<string[]> {
  const server = await startMillrace();
  try {
    process.stderr.write('millrace: 5,000 idle shards …\n');
    const before = processUsage(server.pid).residentMb;
    await createStream(server, 5000);
    await new Promise((resolve) => setTimeout(resolve, 2000));
    const after = processUsage(server.pid).residentMb;
    return [
      `5,000 idle shards: ${before.toFixed(0)} → ${after.toFixed(0)} MB, ${(((after - before) * 1000) / 5000).toFixed(1)} KB each; ready in ${server.readyMs.toFixed(0)} ms`,
    ];
  } finally {
    await server.stop();
  }
}
