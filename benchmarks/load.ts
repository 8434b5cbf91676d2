/**
 * The load of the benchmarks, in a process of its own so that its cost is not the server's.
 * usage: load.ts WORKLOAD HOST PORT STREAM SECONDS; prints one JSON line.
 */
import { buildRequest, openConnection } from './raw-client.ts';
import type { RawConnection } from './raw-client.ts';

/** What a workload measured; records and bytes are of acknowledged data only. */
export interface LoadResult {
  readonly requests: number;
  readonly records: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

interface Target {
  readonly host: string;
  readonly port: number;
  readonly stream: string;
  readonly seconds: number;
}

const [workload, host, port, stream, seconds] = process.argv.slice(2);
const target: Target = { host: host!, port: Number(port), stream: stream!, seconds: Number(seconds) };
const workloads: Record<string, () => Promise<LoadResult>> = {
  'put-records-100': () => putRecords(target, { connections: 8, records: 500, size: 100 }),
  'put-records-1024': () => putRecords(target, { connections: 8, records: 500, size: 1024 }),
  'put-record-100': () => putRecord(target, { connections: 64, size: 100 }),
  replay: () => replay(target),
};
console.log(JSON.stringify(await workloads[workload!]!()));
process.exit(0);

function putRecords(at: Target, shape: { connections: number; records: number; size: number }): Promise<LoadResult> {
  const { connections, records, size } = shape;
  const data = Buffer.alloc(size, 'x').toString('base64');
  // Several prebuilt bodies, so that keys spread over all shards.
  const requests = Array.from({ length: 16 }, (_, body) => {
    const entries = Array.from({ length: records }, (_unused, index) => ({
      PartitionKey: `key-${body}-${index}`,
      Data: data,
    }));
    return buildRequest(
      `${at.host}:${at.port}`,
      'PutRecords',
      JSON.stringify({ StreamName: at.stream, Records: entries }),
    );
  });
  return closedLoop(at, connections, requests, (body) => {
    if (body.indexOf('"FailedRecordCount":0') < 0) throw new Error(`records failed: ${body.toString().slice(0, 300)}`);
    return { records, bytes: records * size };
  });
}

function putRecord(at: Target, { connections, size }: { connections: number; size: number }): Promise<LoadResult> {
  const data = Buffer.alloc(size, 'x').toString('base64');
  const requests = Array.from({ length: 256 }, (_, key) =>
    buildRequest(
      `${at.host}:${at.port}`,
      'PutRecord',
      JSON.stringify({ StreamName: at.stream, PartitionKey: `key-${key}`, Data: data }),
    ),
  );
  return closedLoop(at, connections, requests, () => ({ records: 1, bytes: size }));
}

async function closedLoop(
  at: Target,
  connections: number,
  requests: readonly Buffer[],
  count: (body: Buffer) => { records: number; bytes: number },
): Promise<LoadResult> {
  const pool = await Promise.all(Array.from({ length: connections }, () => openConnection(at.host, at.port)));
  const latencies: number[] = [];
  let records = 0;
  let bytes = 0;
  let next = 0;
  const drive = async (connection: RawConnection, until: number, measured: boolean): Promise<void> => {
    while (performance.now() < until) {
      const began = performance.now();
      const answer = await connection.send(requests[next++ % requests.length]!);
      if (answer.status !== 200) throw new Error(`${answer.status} ${answer.body.toString().slice(0, 300)}`);
      if (!measured) continue;
      const counted = count(answer.body);
      latencies.push(performance.now() - began);
      records += counted.records;
      bytes += counted.bytes;
    }
  };
  const warm = performance.now() + 1000;
  await Promise.all(pool.map((connection) => drive(connection, warm, false)));
  const began = performance.now();
  await Promise.all(pool.map((connection) => drive(connection, began + at.seconds * 1000, true)));
  return result({ latencies, records, bytes, began });
}

/** Reads every shard from TRIM_HORIZON to its tail, one connection a shard. */
async function replay(at: Target): Promise<LoadResult> {
  const name = `${at.host}:${at.port}`;
  const first = await openConnection(at.host, at.port);
  const call = async (connection: RawConnection, operation: string, input: object): Promise<Buffer> => {
    const answer = await connection.send(buildRequest(name, operation, JSON.stringify(input)));
    if (answer.status !== 200) throw new Error(`${answer.status} ${answer.body.toString().slice(0, 300)}`);
    return answer.body;
  };
  const shards = JSON.parse((await call(first, 'ListShards', { StreamName: at.stream })).toString()) as {
    Shards: { ShardId: string }[];
  };
  const latencies: number[] = [];
  let records = 0;
  let bytes = 0;
  const began = performance.now();
  await Promise.all(
    shards.Shards.map(async ({ ShardId: shardId }) => {
      const connection = await openConnection(at.host, at.port);
      const start = await call(connection, 'GetShardIterator', {
        StreamName: at.stream,
        ShardId: shardId,
        ShardIteratorType: 'TRIM_HORIZON',
      });
      let iterator = (JSON.parse(start.toString()) as { ShardIterator: string }).ShardIterator;
      for (;;) {
        const sent = performance.now();
        const body = await call(connection, 'GetRecords', { ShardIterator: iterator });
        latencies.push(performance.now() - sent);
        const page = scanPage(body);
        records += page.records;
        bytes += page.bytes;
        if (page.records === 0 && page.millisBehindLatest === 0) break;
        iterator = page.next;
      }
      connection.close();
    }),
  );
  return result({ latencies, records, bytes, began });
}

/** Counts a page without parsing the records: JSON.parse of ten megabytes would be the load's own bottleneck. */
function scanPage(body: Buffer): { records: number; bytes: number; next: string; millisBehindLatest: number } {
  const text = body.toString('latin1');
  let records = 0;
  let bytes = 0;
  for (let at = text.indexOf('"Data":"'); at >= 0; at = text.indexOf('"Data":"', at)) {
    const end = text.indexOf('"', at + 8);
    const padding = text[end - 2] === '=' ? 2 : text[end - 1] === '=' ? 1 : 0;
    bytes += ((end - at - 8) / 4) * 3 - padding;
    records += 1;
    at = end;
  }
  return {
    records,
    bytes,
    next: /"NextShardIterator":"([^"]+)"/.exec(text)?.[1] ?? '',
    millisBehindLatest: Number(/"MillisBehindLatest":(\d+)/.exec(text)?.[1] ?? 0),
  };
}

function result(run: { latencies: number[]; records: number; bytes: number; began: number }): LoadResult {
  const sorted = run.latencies.sort((a, b) => a - b);
  const at = (p: number): number => sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))] ?? 0;
  return {
    requests: sorted.length,
    records: run.records,
    bytes: run.bytes,
    seconds: (performance.now() - run.began) / 1000,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
  };
}
