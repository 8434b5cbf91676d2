/**
 * `npm run demo`: streams 20,000 real flights through a server with an unmodified AWS SDK, reads them back in both ways
 * while a hot shard is split, and checks that every record came once, in order per key.
 */
import { Kinesis, ListShardsCommand, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import type { PutRecordsRequestEntry, Shard } from '@aws-sdk/client-kinesis';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startServer } from '../server-process.ts';
import { streamActive } from '../stream-active.ts';
import { loadFlights } from './flights.ts';
import type { PacedFlight } from './flights.ts';
import { pollingReader, pushedReader, readStream } from './readers.ts';
import { Tally } from './tally.ts';
import { until } from './until.ts';
import { createView } from './view.ts';

const stream = 'flights';
const durationMs = Number(process.env['MILLRACE_DEMO_MS'] ?? 20_000);
const hashSpace = 2 ** 128;

interface Run {
  readonly client: Kinesis;
  readonly flights: readonly PacedFlight[];
  readonly polled: Tally;
  readonly pushed: Tally;
  shards: Shard[];
  sent: number;
  retried: number;
  note: string;
}

async function main(): Promise<boolean> {
  const data = await mkdtemp(join(tmpdir(), 'millrace-demo-'));
  const server = await startServer(['--data', data]);
  console.log(`server ready in ${server.readyMs.toFixed(0)} ms at ${server.endpoint}, data in ${data}`);
  const client = new Kinesis({
    endpoint: server.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'demo', secretAccessKey: 'demo' },
  });
  try {
    return await stage({
      client,
      flights: loadFlights(durationMs),
      polled: new Tally(),
      pushed: new Tally(),
      shards: [],
      sent: 0,
      retried: 0,
      note: '',
    });
  } finally {
    client.destroy();
    const code = await server.stop();
    console.log(`server stopped with exit code ${code}`);
    await rm(data, { recursive: true, force: true });
  }
}

async function stage(run: Run): Promise<boolean> {
  const { client, polled, pushed } = run;
  await client.createStream({ StreamName: stream, ShardCount: 4 });
  const description = await untilActive(run);
  const { Consumer: consumer } = await client.registerStreamConsumer({
    StreamARN: description,
    ConsumerName: 'demo',
  });
  const consumerArn = consumer!.ConsumerARN!;
  await until(async () => {
    const answer = await client.describeStreamConsumer({ ConsumerARN: consumerArn });
    return answer.ConsumerDescription?.ConsumerStatus === 'ACTIVE';
  });
  const stop = new AbortController();
  const polling = { client, stream, tally: polled, stop: stop.signal };
  const pushing = { client, stream, tally: pushed, stop: stop.signal, consumerArn };
  const readers = Promise.allSettled([
    readStream(polling, pollingReader(polling)),
    readStream(pushing, pushedReader(pushing)),
  ]);
  const view = startView(run);
  const splitting = splitHotShard(run);
  const began = performance.now();
  await putAll(run);
  const putMs = performance.now() - began;
  await splitting;
  const total = run.flights.length;
  await until(async () => polled.received >= total && pushed.received >= total, 30_000).catch(() => undefined);
  // A record that comes twice comes late: look a moment longer before saying that none did.
  await sleep(500);
  stop.abort();
  await readers;
  view.stop();
  return summarize(run, putMs);
}

/** Sends every flight when it is due, in batches of at most 500; what a batch refuses is sent again before the next one. */
async function putAll(run: Run): Promise<void> {
  const began = performance.now();
  let next = 0;
  while (next < run.flights.length) {
    const elapsed = performance.now() - began;
    let end = next;
    while (end < run.flights.length && end - next < 500 && run.flights[end]!.dueMs <= elapsed) end += 1;
    if (end === next) {
      await sleep(Math.min(20, run.flights[next]!.dueMs - elapsed));
      continue;
    }
    let batch = run.flights.slice(next, end);
    while (batch.length > 0) {
      const refused = await put(run, batch);
      run.sent += batch.length - refused.length;
      run.retried += refused.length;
      batch = refused;
      if (refused.length > 0) await sleep(50);
    }
    next = end;
  }
}

async function put(run: Run, batch: readonly PacedFlight[]): Promise<PacedFlight[]> {
  const sentMs = performance.timeOrigin + performance.now();
  const records: PutRecordsRequestEntry[] = batch.map(({ event }) => ({
    Data: Buffer.from(JSON.stringify({ ...event, sentMs })),
    PartitionKey: event.origin,
  }));
  const answer = await run.client.send(new PutRecordsCommand({ StreamName: stream, Records: records }));
  return batch.filter((_, index) => answer.Records![index]!.ErrorCode !== undefined);
}

/** After a third of the time: split the shard that received most, in the middle of its hash range. */
async function splitHotShard(run: Run): Promise<void> {
  await until(async () => run.sent > run.flights.length / 3, durationMs * 3);
  const counts = [...run.pushed.byShard].sort((a, b) => b[1] - a[1]);
  const hot = counts[0]?.[0] ?? run.shards[0]!.ShardId!;
  const range = run.shards.find(({ ShardId }) => ShardId === hot)!.HashKeyRange!;
  const middle = (BigInt(range.StartingHashKey!) + BigInt(range.EndingHashKey!)) / 2n;
  run.note = `splitting the hot ${hot} …`;
  await run.client.splitShard({ StreamName: stream, ShardToSplit: hot, NewStartingHashKey: String(middle) });
  await untilActive(run);
  run.note = `split the hot ${hot} while records flowed`;
}

async function untilActive(run: Run): Promise<string> {
  const { StreamARN: arn } = await streamActive(run.client, stream, 30_000);
  const answer = await run.client.send(new ListShardsCommand({ StreamName: stream }));
  run.shards = answer.Shards ?? [];
  return arn!;
}

function startView(run: Run): { stop(): void } {
  const view = createView(process.stdout);
  let lastSent = 0;
  let lastMs = performance.now();
  const draw = (): void => {
    const now = performance.now();
    const putPerSecond = Math.round(((run.sent - lastSent) / Math.max(1, now - lastMs)) * 1000);
    lastSent = run.sent;
    lastMs = now;
    view.draw({ ...run, total: run.flights.length, putPerSecond, shards: run.shards.map(describeShard) });
  };
  const timer = setInterval(draw, process.stdout.isTTY ? 250 : 1000);
  return {
    stop() {
      clearInterval(timer);
      draw();
    },
  };
}

function describeShard(shard: Shard): { id: string; share: number; open: boolean } {
  const { StartingHashKey: start, EndingHashKey: end } = shard.HashKeyRange!;
  return {
    id: shard.ShardId!,
    share: Number(BigInt(end!) - BigInt(start!) + 1n) / hashSpace,
    open: shard.SequenceNumberRange?.EndingSequenceNumber === undefined,
  };
}

function summarize(run: Run, putMs: number): boolean {
  const total = run.flights.length;
  const line = (name: string, tally: Tally): string =>
    `${name.padEnd(17)}${tally.received} of ${total} records, ${tally.duplicates} twice, ${tally.outOfOrder} out of order; ` +
    `put to receive p50 ${tally.latencyMs(0.5).toFixed(1)} ms, p99 ${tally.latencyMs(0.99).toFixed(1)} ms`;
  const passed = run.polled.complete(total) && run.pushed.complete(total);
  console.log(
    [
      '',
      `PutRecords       ${run.sent} records in ${(putMs / 1000).toFixed(1)} s, ${run.retried} refused and sent again`,
      line('GetRecords', run.polled),
      line('SubscribeToShard', run.pushed),
      passed ? 'every record came back once, in order per key' : 'RECORDS ARE MISSING, DOUBLE OR OUT OF ORDER',
    ].join('\n'),
  );
  return passed;
}

process.exitCode = (await main()) ? 0 : 1;
