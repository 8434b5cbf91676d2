/**
 * A mapping's batches a second: 40,000 records of a stream with 100 shards, each a batch of its own, to a function that takes a
 * millisecond. Says every second how many were done. usage: functions.ts [PROCESSES]
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startServer } from '../tools/server-process.ts';

const records = 40_000;
const folder = await mkdtemp(join(tmpdir(), 'millrace-functions-bench-'));
const config = join(folder, 'config.json');
await writeFile(
  join(folder, 'f.mjs'),
  'export const handler = () => new Promise((done) => setTimeout(done, 1, null));',
);
await writeFile(config, JSON.stringify({ functions: [{ name: 'f', module: './f.mjs' }] }));
const [processes = '16'] = process.argv.slice(2);
const server = await startServer([
  '--limits',
  'none',
  '--config',
  config,
  '--function-processes',
  processes,
  '--data',
  join(folder, 'data'),
]);

async function call(operation: string, body: object): Promise<Record<string, unknown>> {
  const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `Kinesis_20131202.${operation}` };
  const text = await (await fetch(server.endpoint, { method: 'POST', headers, body: JSON.stringify(body) })).text();
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
}

async function doneBatches(): Promise<number> {
  const text = await (await fetch(`${server.endpoint}/metrics`)).text();
  return Number(/functions_mapping_batches(?:_total)? (\d+)/.exec(text)?.[1] ?? 0);
}

try {
  await call('CreateStream', { StreamName: 's', ShardCount: 100 });
  for (let status = ''; status !== 'ACTIVE'; await sleep(50)) {
    const { StreamDescriptionSummary: summary } = await call('DescribeStreamSummary', { StreamName: 's' });
    status = (summary as { StreamStatus: string }).StreamStatus;
  }
  for (let start = 0; start < records; start += 500) {
    const Records = Array.from({ length: 500 }, (_, at) => ({ PartitionKey: String(start + at), Data: 'aGVsbG8=' }));
    await call('PutRecords', { StreamName: 's', Records });
  }
  const source = { FunctionName: 'f', EventSourceArn: 'arn:aws:kinesis:us-east-1:000000000000:stream/s', BatchSize: 1 };
  const body = JSON.stringify({ ...source, StartingPosition: 'TRIM_HORIZON' });
  await fetch(`${server.endpoint}/2015-03-31/event-source-mappings`, { method: 'POST', body });
  for (let [before, now] = [0, 0]; now < records; before = now) {
    await sleep(1000);
    now = await doneBatches();
    console.log(`${now - before} batches/s`);
  }
} finally {
  await server.stop();
  await rm(folder, { recursive: true });
}
