/**
 * One workload against one server, in a process of its own so that its cost is not the server's.
 * usage: load.ts HOST PORT STREAM SECONDS WORKLOAD-AS-JSON; prints one JSON line.
 */
import { createHash, createHmac } from 'node:crypto';
import { loadService } from '@millrace/model';
import { compileCborWriter } from '@millrace/protocol';
import { buildRequest, openConnection } from './raw-client.ts';
import type { RawConnection } from './raw-client.ts';
import { openSkimming } from './skimming-client.ts';
import type { LoadResult, Workload } from './workloads.ts';

const [host, portText, stream, secondsText, workloadText] = process.argv.slice(2);
const port = Number(portText);
const seconds = Number(secondsText);
const workload = JSON.parse(workloadText!) as Workload;
const authority = `${host}:${port}`;

const result = await (workload.kind === 'put'
  ? put(workload)
  : workload.kind === 'verify'
    ? verify()
    : replay(workload));
console.log(JSON.stringify(result));
process.exit(0);

/** Closed loop: each connection sends prebuilt requests one after the other, after a second of warming up. */
async function put({ connections, records, size, encoding = 'json', isSigned = false }: Workload): Promise<LoadResult> {
  const requests = Array.from({ length: records > 1 ? 16 : 256 }, (_, at) =>
    putRequest({ records, size, encoding, isSigned }, at),
  );
  if (isSigned) await createSigned();
  const pool = await Promise.all(Array.from({ length: connections }, () => openConnection(host!, port)));
  const latencies: number[] = [];
  let answered = 0;
  let next = 0;
  const drive = async (connection: RawConnection, until: number, isMeasured: boolean): Promise<void> => {
    while (performance.now() < until) {
      const began = performance.now();
      const answer = await connection.send(requests[next++ % requests.length]!);
      if (answer.status !== 200) throw new Error(`${answer.status} ${answer.body.toString().slice(0, 300)}`);
      if (records > 1 && !isWholeSuccess(answer.body, encoding)) throw new Error('records failed');
      if (!isMeasured) continue;
      latencies.push(performance.now() - began);
      answered += 1;
    }
  };
  const warm = performance.now() + 1000;
  await Promise.all(pool.map((connection) => drive(connection, warm, false)));
  const began = performance.now();
  await Promise.all(pool.map((connection) => drive(connection, began + seconds * 1000, true)));
  return summary(latencies, {
    records: answered * records,
    allRecords: next * records,
    bytes: answered * records * size,
    began,
  });
}

/** The stream of a server that only lets us in who sign. */
async function createSigned(): Promise<void> {
  const connection = await openConnection(host!, port);
  const send = (operation: string, input: object): Promise<{ body: Buffer }> =>
    connection.send(buildRequest(authority, operation, Buffer.from(JSON.stringify(input)), { sign }));
  await send('CreateStream', { StreamName: stream, ShardCount: 8 });
  while (!(await send('DescribeStreamSummary', { StreamName: stream })).body.includes('"ACTIVE"'));
  connection.close();
}

function isWholeSuccess(body: Buffer, encoding: string): boolean {
  if (encoding === 'cbor') return body.includes(Buffer.from('FailedRecordCount\0', 'latin1'));
  return /"FailedRecordCount": ?0\b/.test(
    `${body.toString('latin1', 0, 200)}${body.toString('latin1', Math.max(0, body.length - 200))}`,
  );
}

function putRequest(
  {
    records,
    size,
    encoding,
    isSigned,
  }: { records: number; size: number; encoding: 'json' | 'cbor'; isSigned: boolean },
  at: number,
): Buffer {
  const Data = Buffer.alloc(size, 'x');
  const input =
    records === 1
      ? { StreamName: stream, PartitionKey: `key-${at}`, Data }
      : {
          StreamName: stream,
          Records: Array.from({ length: records }, (_, n) => ({ PartitionKey: `key-${at}-${n}`, Data })),
        };
  const operation = records === 1 ? 'PutRecord' : 'PutRecords';
  const body =
    encoding === 'cbor'
      ? compileCborWriter(loadService('kinesis').operations.get(operation)!.input)(input)
      : Buffer.from(JSON.stringify(input, (_name, value: unknown) => base64(value)));
  return buildRequest(authority, operation, body, { encoding, ...(isSigned && { sign }) });
}

/** JSON.stringify hands Buffers over as `{type, data}`. */
function base64(value: unknown): unknown {
  const { type, data } = (value ?? {}) as { type?: string; data?: number[] };
  return type === 'Buffer' ? Buffer.from(data!).toString('base64') : value;
}

/** Signature version 4 with the key that benchmarks/run.ts configures. */
function sign(headers: Readonly<Record<string, string>>, body: Buffer): string {
  const date = headers['x-amz-date']!;
  const scope = `${date.slice(0, 8)}/us-east-1/kinesis/aws4_request`;
  const names = Object.keys(headers).sort();
  const sha = (text: string | Buffer): string => createHash('sha256').update(text).digest('hex');
  const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
  const canonical = `POST\n/\n\n${names.map((name) => `${name}:${headers[name]}\n`).join('')}\n${names.join(';')}\n${sha(body)}`;
  const key = scope.split('/').reduce<Buffer>((last, part) => hmac(last, part), Buffer.from('AWS4bench-secret'));
  const signature = hmac(key, `AWS4-HMAC-SHA256\n${date}\n${scope}\n${sha(canonical)}`).toString('hex');
  return `AWS4-HMAC-SHA256 Credential=BENCHKEY/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
}

async function call(connection: RawConnection, operation: string, input: object): Promise<Record<string, unknown>> {
  const answer = await connection.send(buildRequest(authority, operation, Buffer.from(JSON.stringify(input)), {}));
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.body.toString().slice(0, 300)}`);
  return JSON.parse(answer.body.toString()) as Record<string, unknown>;
}

/** The first iterators of all shards. */
async function startOfShards(connection: RawConnection): Promise<string[]> {
  const { Shards: shards } = (await call(connection, 'ListShards', { StreamName: stream })) as {
    Shards: { ShardId: string }[];
  };
  const iterators: string[] = [];
  for (const { ShardId } of shards) {
    const place = { StreamName: stream, ShardId, ShardIteratorType: 'TRIM_HORIZON' };
    iterators.push((await call(connection, 'GetShardIterator', place))['ShardIterator'] as string);
  }
  return iterators;
}

/** Reads every shard from its beginning to its tip, one connection a shard; the records are not looked at. */
async function replay({ encoding = 'json', size }: Workload): Promise<LoadResult> {
  const iterators = await startOfShards(await openConnection(host!, port));
  const write = compileCborWriter(loadService('kinesis').operations.get('GetRecords')!.input);
  const latencies: number[] = [];
  let bytes = 0;
  // What a record takes in the answer beside its data, measured from the first page.
  const factor = encoding === 'cbor' ? 1 : 4 / 3;
  const began = performance.now();
  await Promise.all(
    iterators.map(async (first) => {
      const connection = await openSkimming(host!, port);
      for (let iterator = first; ;) {
        const input = { ShardIterator: iterator };
        const body = encoding === 'cbor' ? write(input) : Buffer.from(JSON.stringify(input));
        const sent = performance.now();
        const { status, length, ends } = await connection.send(
          buildRequest(authority, 'GetRecords', body, { encoding }),
        );
        if (status !== 200) throw new Error(`${status} ${ends}`);
        latencies.push(performance.now() - sent);
        bytes += length;
        const { next, isAtTip } = encoding === 'cbor' ? readCborEnds(ends) : readJsonEnds(ends);
        if (isAtTip) break;
        iterator = next;
      }
      connection.close();
    }),
  );
  const overhead = 190;
  const records = Math.round(bytes / (size * factor + overhead));
  return summary(latencies, { records, allRecords: records, bytes: records * size, began });
}

function readJsonEnds(ends: string): { next: string; isAtTip: boolean } {
  const next = /"NextShardIterator": ?"([^"]+)"/.exec(ends)?.[1];
  const behind = /"MillisBehindLatest": ?(\d+)/.exec(ends)?.[1];
  if (next === undefined || behind === undefined) throw new Error('a page without an iterator at its ends');
  return { next, isAtTip: behind === '0' };
}

function readCborEnds(ends: string): { next: string; isAtTip: boolean } {
  const at = ends.indexOf('NextShardIterator');
  const behind = ends.indexOf('MillisBehindLatest');
  // The iterator is a text of 24 to 255 bytes: 0x78 and its length before it.
  const length = ends.charCodeAt(at + 18);
  return { next: ends.substr(at + 19, length), isAtTip: ends.charCodeAt(behind + 18) === 0 };
}

/** Puts records that can be told apart, reads everything back, and holds each against what was acknowledged. */
async function verify(): Promise<LoadResult> {
  const began = performance.now();
  const writers = 4;
  const acknowledged: number[] = Array.from({ length: writers }, () => 0);
  await Promise.all(
    acknowledged.map(async (_, writer) => {
      const connection = await openConnection(host!, port);
      while (performance.now() < began + Math.min(seconds, 2) * 1000) {
        const Records = Array.from({ length: 100 }, (_unused, n) => ({
          PartitionKey: `writer-${writer}`,
          Data: Buffer.from(`${writer}:${acknowledged[writer]! + n}:`.padEnd(100, 'x')).toString('base64'),
        }));
        const answer = await call(connection, 'PutRecords', { StreamName: stream, Records });
        if (answer['FailedRecordCount'] !== 0) throw new Error('records failed');
        acknowledged[writer]! += 100;
      }
    }),
  );
  const connection = await openConnection(host!, port);
  const seen: number[] = acknowledged.map(() => 0);
  for (const first of await startOfShards(connection)) {
    for (let iterator = first; ;) {
      const page = (await call(connection, 'GetRecords', { ShardIterator: iterator })) as {
        Records: { Data: string }[];
        NextShardIterator: string;
        MillisBehindLatest: number;
      };
      for (const { Data } of page.Records) {
        const text = Buffer.from(Data, 'base64').toString();
        const [writer, ordinal] = text.split(':').map(Number) as [number, number];
        if (text.length !== 100 || ordinal !== seen[writer])
          throw new Error(`read ${text.slice(0, 20)}, expected ${seen[writer]}`);
        seen[writer] = ordinal + 1;
      }
      if (page.MillisBehindLatest === 0 && page.Records.length === 0) break;
      iterator = page.NextShardIterator;
    }
  }
  for (const [writer, count] of acknowledged.entries())
    if (seen[writer] !== count) throw new Error(`writer ${writer}: ${count} acknowledged, ${seen[writer]} read`);
  const records = seen.reduce((sum, count) => sum + count, 0);
  return summary([0], { records, allRecords: records, bytes: records * 100, began });
}

function summary(
  latencies: number[],
  run: { records: number; allRecords: number; bytes: number; began: number },
): LoadResult {
  const sorted = latencies.sort((a, b) => a - b);
  const at = (p: number): number => sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))] ?? 0;
  return {
    records: run.records,
    allRecords: run.allRecords,
    bytes: run.bytes,
    seconds: (performance.now() - run.began) / 1000,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    p999Ms: at(0.999),
  };
}
