/**
 * `npm run bench -- --only firehose`, or this file alone: records put directly, durable; a backlog of a stream delivered to the
 * local folder as GZIP, as it is, and as Parquet and ORC, by the clock and by the server's CPU time; and the most memory that the
 * server takes for 200 delivery streams that deliver at once.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { launcher, startServer } from '../tools/server-process.ts';
import type { ServerProcess } from '../tools/server-process.ts';
import { columns, order } from './orc.ts';
import { processUsage } from './process-usage.ts';
import { buildRequest, openConnection } from './raw-client.ts';

const services = { kinesis: 'Kinesis_20131202', firehose: 'Firehose_20150804', glue: 'AWSGlue' } as const;
const roleArn = 'arn:aws:iam::000000000000:role/firehose';
const streamArn = 'arn:aws:kinesis:us-east-1:000000000000:stream/orders';
const recordsPerRequest = 500;
const connections = 8;

interface Client {
  call(service: keyof typeof services, operation: string, input: object): Promise<Record<string, unknown>>;
  /** Sends requests over several connections until there are no more of them. */
  sendAll(requests: Iterator<Buffer>): Promise<void>;
  request(service: keyof typeof services, operation: string, input: object): Buffer;
}

function clientOf({ endpoint }: ServerProcess): Client {
  const { hostname, port, host } = new URL(endpoint);
  const request: Client['request'] = (service, operation, input) =>
    buildRequest(host, operation, Buffer.from(JSON.stringify(input)), { service: services[service] });
  return {
    request,
    async call(service, operation, input) {
      const connection = await openConnection(hostname, Number(port));
      const { status, body } = await connection.send(request(service, operation, input));
      connection.close();
      if (status !== 200) throw new Error(`${operation}: ${body.toString().slice(0, 300)}`);
      return body.length === 0 ? {} : (JSON.parse(body.toString()) as Record<string, unknown>);
    },
    async sendAll(requests) {
      await Promise.all(
        Array.from({ length: connections }, async () => {
          const connection = await openConnection(hostname, Number(port));
          for (let next = requests.next(); next.done !== true; next = requests.next()) {
            const { status, body } = await connection.send(next.value);
            if (status !== 200) throw new Error(body.toString().slice(0, 300));
          }
          connection.close();
        }),
      );
    },
  };
}

async function serverOn(data: string, ...args: string[]): Promise<ServerProcess> {
  return startServer(['--data', data, '--limits', 'none', '--transition-ms', '0', ...args], { command: [launcher] });
}

async function createDeliveryStream(client: Client, name: string, extended: object, isStream = false): Promise<void> {
  await client.call('firehose', 'CreateDeliveryStream', {
    DeliveryStreamName: name,
    ...(isStream && {
      DeliveryStreamType: 'KinesisStreamAsSource',
      KinesisStreamSourceConfiguration: { KinesisStreamARN: streamArn, RoleARN: roleArn },
    }),
    ExtendedS3DestinationConfiguration: { RoleARN: roleArn, BucketARN: `arn:aws:s3:::${name}`, ...extended },
  });
  for (;;) {
    const { DeliveryStreamDescription: described } = await client.call('firehose', 'DescribeDeliveryStream', {
      DeliveryStreamName: name,
    });
    if ((described as { DeliveryStreamStatus: string }).DeliveryStreamStatus === 'ACTIVE') return;
    await sleep(10);
  }
}

async function delivered({ endpoint }: ServerProcess): Promise<number> {
  const text = await (await fetch(`${endpoint}/metrics`)).text();
  return Number(/^millrace_firehose_bytes(?:_total)? (\d+)/m.exec(text)?.[1] ?? 0);
}

const conversion = (serializer: object): object => ({
  DataFormatConversionConfiguration: {
    InputFormatConfiguration: { Deserializer: { OpenXJsonSerDe: {} } },
    OutputFormatConfiguration: { Serializer: serializer },
    SchemaConfiguration: { RoleARN: roleArn, DatabaseName: 'shop', TableName: 'orders' },
  },
});

async function createTable(client: Client): Promise<void> {
  await client.call('glue', 'CreateDatabase', { DatabaseInput: { Name: 'shop' } });
  const Columns = columns.map(({ name, type }) => ({ Name: name, Type: type }));
  const TableInput = { Name: 'orders', StorageDescriptor: { Columns } };
  await client.call('glue', 'CreateTable', { DatabaseName: 'shop', TableInput });
}

/** Records of 1 KiB, put directly while what was put before is delivered as it is. */
async function measurePuts(data: string, seconds: number): Promise<string> {
  const server = await serverOn(data);
  try {
    const client = clientOf(server);
    await createDeliveryStream(client, 'direct', { BufferingHints: { SizeInMBs: 128, IntervalInSeconds: 900 } });
    const record = { Data: Buffer.alloc(1024, 'abcdefgh').toString('base64') };
    const request = client.request('firehose', 'PutRecordBatch', {
      DeliveryStreamName: 'direct',
      Records: Array.from({ length: recordsPerRequest }, () => record),
    });
    let sent = 0;
    const until = (endMs: number): Iterator<Buffer> =>
      (function* () {
        for (; performance.now() < endMs; sent += 1) yield request;
      })();
    await client.sendAll(until(performance.now() + 1000));
    const [before, cpuBefore] = [performance.now(), processUsage(server.child.pid!).cpuSeconds];
    sent = 0;
    await client.sendAll(until(before + seconds * 1000));
    const records = sent * recordsPerRequest;
    const cpuUs = ((processUsage(server.child.pid!).cpuSeconds - cpuBefore) / records) * 1e6;
    const perSecond = records / ((performance.now() - before) / 1000);
    return `direct puts of 500 × 1 KiB: ${perSecond.toFixed(0)} records/s, CPU ${cpuUs.toFixed(1)} µs a record`;
  } finally {
    await server.stop();
  }
}

/** Puts orders into a stream whose delivery cannot succeed yet; answers their bytes. */
async function makeBacklog(data: string, megabytes: number, extended: object): Promise<number> {
  const server = await serverOn(data, '--s3', 'http://127.0.0.1:9');
  try {
    const client = clientOf(server);
    await createTable(client);
    await client.call('kinesis', 'CreateStream', { StreamName: 'orders', ShardCount: 4 });
    for (let status = ''; status !== 'ACTIVE'; await sleep(20)) {
      const answer = await client.call('kinesis', 'DescribeStreamSummary', { StreamName: 'orders' });
      status = (answer['StreamDescriptionSummary'] as { StreamStatus: string }).StreamStatus;
    }
    await createDeliveryStream(client, 'backlog', extended, true);
    let bytes = 0;
    const requests = (function* (): Generator<Buffer> {
      for (let from = 0; bytes < megabytes * 1e6; from += recordsPerRequest) {
        const texts = Array.from({ length: recordsPerRequest }, (_, index) => Buffer.from(`${order(from + index)}\n`));
        bytes += texts.reduce((sum, { length }) => sum + length, 0);
        const Records = texts.map((text, index) => ({ Data: text.toString('base64'), PartitionKey: `${index}` }));
        yield client.request('kinesis', 'PutRecords', { StreamName: 'orders', Records });
      }
    })();
    await client.sendAll(requests);
    return bytes;
  } finally {
    await server.stop();
  }
}

async function measureDelivery(data: string, name: string, megabytes: number, extended: object): Promise<string> {
  const bytes = await makeBacklog(data, megabytes, {
    BufferingHints: { SizeInMBs: 128, IntervalInSeconds: 0 },
    ...extended,
  });
  const server = await serverOn(data);
  try {
    const [before, cpuBefore] = [performance.now(), processUsage(server.child.pid!).cpuSeconds];
    let residentMb = 0;
    while ((await delivered(server)) < bytes) {
      await sleep(20);
      residentMb = Math.max(residentMb, processUsage(server.child.pid!).residentMb);
    }
    const seconds = (performance.now() - before) / 1000;
    const cpuSeconds = processUsage(server.child.pid!).cpuSeconds - cpuBefore;
    return (
      `${`stream to ${name}`.padEnd(24)} ${(bytes / seconds / 1e6).toFixed(0).padStart(4)} MB/s by the clock, ` +
      `${(bytes / cpuSeconds / 1e6).toFixed(0).padStart(4)} a core; ${residentMb.toFixed(0)} MB at most`
    );
  } finally {
    await server.stop();
  }
}

/** 200 delivery streams, half to GZIP, half to Parquet, all with something to deliver all the time. */
async function measureMemory(data: string, megabytesEach: number): Promise<string> {
  const server = await serverOn(data);
  let residentMb = 0;
  const watch = setInterval(() => {
    residentMb = Math.max(residentMb, processUsage(server.child.pid!).residentMb);
  }, 50);
  try {
    const client = clientOf(server);
    await createTable(client);
    const names = Array.from({ length: 200 }, (_, number) => `memory-${number}`);
    for (const [number, name] of names.entries()) {
      const converted = {
        BufferingHints: { SizeInMBs: 64, IntervalInSeconds: 2 },
        ...conversion({ ParquetSerDe: {} }),
      };
      const gzip = { BufferingHints: { SizeInMBs: 5, IntervalInSeconds: 2 }, CompressionFormat: 'GZIP' };
      await createDeliveryStream(client, name, number % 2 === 0 ? gzip : converted);
    }
    const records = Array.from({ length: recordsPerRequest }, (_, index) => Buffer.from(`${order(index)}\n`));
    const bytes = records.reduce((sum, { length }) => sum + length, 0);
    const Records = records.map((text) => ({ Data: text.toString('base64') }));
    const rounds = Math.ceil((megabytesEach * 1e6) / bytes);
    const requests = names.map((DeliveryStreamName) =>
      client.request('firehose', 'PutRecordBatch', { DeliveryStreamName, Records }),
    );
    const all = Array.from({ length: rounds }, () => requests).flat();
    await client.sendAll(all.values());
    while ((await delivered(server)) < bytes * rounds * names.length) await sleep(50);
    const putMb = (bytes * rounds * names.length) / 1e6;
    return `200 delivery streams, ${putMb.toFixed(0)} MB: ${residentMb.toFixed(0)} MB resident at most`;
  } finally {
    clearInterval(watch);
    await server.stop();
  }
}

/** A line a figure. */
export async function measureFirehose(seconds: number): Promise<string[]> {
  const lines: string[] = [];
  const inFolder = async (measure: (data: string) => Promise<string>): Promise<void> => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-firehose-'));
    try {
      const line = await measure(folder);
      process.stderr.write(`${line}\n`);
      lines.push(line);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };
  await inFolder((data) => measurePuts(data, seconds));
  const megabytes = 400;
  for (const [name, extended] of Object.entries({
    'a folder': {},
    GZIP: { CompressionFormat: 'GZIP' },
    ZIP: { CompressionFormat: 'ZIP' },
    Snappy: { CompressionFormat: 'Snappy' },
    Parquet: conversion({ ParquetSerDe: {} }),
    ORC: conversion({ OrcSerDe: {} }),
  }))
    await inFolder((data) => measureDelivery(data, name, megabytes, extended));
  await inFolder((data) => measureMemory(data, 4));
  return lines;
}

if (import.meta.main) for (const line of await measureFirehose(4)) console.log(line);
