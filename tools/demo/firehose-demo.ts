/**
 * `npm run demo:firehose`: 20,000 flights go through a stream. A function gives each the kind of its delay and the month; two
 * delivery streams bring them on: as Parquet into an S3 of another maker, partitioned by month, and as documents into
 * OpenSearch. While they run, the view shows how old the oldest record is that has not arrived. At the end DuckDB queries the
 * Parquet files, and both places have every flight.
 */
import { mkdtemp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import duckdb from '@duckdb/node-bindings';
import { startOpenSearch } from '../../tests/destinations/servers/opensearch.ts';
import type { RunningOpenSearch } from '../../tests/destinations/servers/opensearch.ts';
import type { RunningS3 } from '../../tests/destinations/servers/s3.ts';
import { startVersitygw } from '../../tests/destinations/servers/versitygw.ts';
import { startServer } from '../server-process.ts';
import { Services } from './firehose-services.ts';
import { loadFlights } from './flights.ts';
import type { PacedFlight } from './flights.ts';
import { until } from './until.ts';
import { createScreen, meter } from './view.ts';

const durationMs = Number(process.env['MILLRACE_DEMO_MS'] ?? 20_000);
const bucket = 'flights';
/** A day's index has its date behind it, as Firehose rotates by itself. */
const index = 'flights';

interface Run {
  readonly services: Services;
  readonly s3: RunningS3;
  readonly search: RunningOpenSearch;
  readonly flights: readonly PacedFlight[];
  sent: number;
  /** Of the S3 delivery stream, and of the other: seconds. */
  freshness: { s3: number; search: number };
  stored: number;
  objects: number;
  documents: number;
}

async function main(): Promise<boolean> {
  console.log('starting versitygw and OpenSearch (the first time they are fetched and built, which takes minutes) …');
  const [s3, search] = await Promise.all([startVersitygw(), startOpenSearch()]);
  await s3.createBucket(bucket);
  const folder = await mkdtemp(join(tmpdir(), 'millrace-demo-'));
  const configuration = join(folder, 'millrace.json');
  const functions = [{ name: 'enrich', module: join(import.meta.dirname, 'enrich.ts') }];
  await writeFile(
    configuration,
    JSON.stringify({ functions, s3: s3.endpoint, 'search-domains': `flights=${search.endpoint}` }),
  );
  const server = await startServer(['--config', configuration, '--transition-ms', '100'], { env: s3.env });
  console.log(`S3 at ${s3.endpoint}, OpenSearch at ${search.endpoint}, Millrace at ${server.endpoint}`);
  const services = new Services(server.endpoint);
  const run: Run = {
    services,
    s3,
    search,
    flights: loadFlights(durationMs),
    sent: 0,
    freshness: { s3: 0, search: 0 },
    stored: 0,
    objects: 0,
    documents: 0,
  };
  try {
    await services.create({ bucket, index, domain: 'flights' });
    await stage(run);
    return await summarize(run, folder);
  } finally {
    console.log(`server stopped with exit code ${await server.stop()}`);
    await Promise.all([s3.stop(), search.stop(), rm(folder, { recursive: true, force: true })]);
  }
}

async function stage(run: Run): Promise<void> {
  const screen = createScreen(process.stdout);
  const draw = (): void => screen.draw(line(run), (width) => picture(run, width));
  const drawing = setInterval(draw, process.stdout.isTTY ? 250 : 1000);
  const watching = new AbortController();
  const watched = watch(run, watching.signal);
  try {
    await send(run);
    const total = run.flights.length;
    await until(() => run.stored >= total && run.documents >= total, 120_000).catch(() => undefined);
  } finally {
    watching.abort();
    await watched;
    clearInterval(drawing);
    draw();
  }
}

async function send(run: Run): Promise<void> {
  const began = performance.now();
  while (run.sent < run.flights.length) {
    const elapsedMs = performance.now() - began;
    let next = run.sent;
    while (next < Math.min(run.sent + 500, run.flights.length) && run.flights[next]!.dueMs <= elapsedMs) next += 1;
    if (next > run.sent) await run.services.put(run.flights.slice(run.sent, next).map(({ event }) => event));
    run.sent = next;
    await sleep(20);
  }
}

/** What has arrived, and how old what has not is. */
async function watch(run: Run, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const figures = await run.services.figures();
    run.freshness = { s3: figures.s3Freshness, search: figures.searchFreshness };
    run.stored = figures.stored;
    run.objects = figures.objects;
    await run.search.call('POST', `/${index}-*/_refresh`);
    const { body } = await run.search.call('GET', `/${index}-*/_count`);
    run.documents = (body as { count?: number }).count ?? 0;
    await sleep(250);
  }
}

function line({ flights, sent, stored, objects, documents, freshness }: Run): string {
  return (
    `sent ${sent} of ${flights.length}  in S3 ${stored} (${objects} objects, ${freshness.s3.toFixed(1)} s old)` +
    `  in OpenSearch ${documents} (${freshness.search.toFixed(1)} s old)`
  );
}

function picture({ flights, sent, stored, objects, documents, freshness }: Run, width: number): string[] {
  const row = (name: string, count: number, more: string): string =>
    `${name.padEnd(12)}${meter(count / flights.length, width - 50)} ${String(count).padStart(6)}  ${more}`;
  return [
    row('sent', sent, `of ${flights.length}`),
    row('S3', stored, `${objects} Parquet objects`),
    row('OpenSearch', documents, 'documents'),
    '',
    `${'oldest in S3'.padEnd(22)}${ages(freshness.s3, width)}`,
    `${'oldest in OpenSearch'.padEnd(22)}${ages(freshness.search, width)}`,
  ];
}

/** A second is a cell. */
function ages(seconds: number, width: number): string {
  return `${'▒'.repeat(Math.max(0, Math.min(Math.round(seconds), width - 30)))} ${seconds.toFixed(1)} s`;
}

async function summarize({ s3, flights, documents }: Run, folder: string): Promise<boolean> {
  const objects = await s3.objects(bucket, 'by-month/');
  for (const [key, body] of objects) {
    await mkdir(dirname(join(folder, key)), { recursive: true });
    await writeFile(join(folder, key), body);
  }
  const files = `read_parquet('${folder}/by-month/**/*.parquet', hive_partitioning = true)`;
  const rows = await query(
    folder,
    `SELECT month, count(*)::INT AS flights, count(DISTINCT origin)::INT AS origins, round(avg(delay), 1) AS delay,
      (count(*) FILTER (kind = 'late'))::INT AS late FROM ${files} GROUP BY month ORDER BY month`,
  );
  console.log(`\nDuckDB, over ${objects.size} Parquet objects:`);
  console.table(rows);
  const distinct = `SELECT count(DISTINCT origin || ' ' || ordinal)::INT AS flights FROM ${files}`;
  const stored = Number((await query(folder, distinct))[0]?.['flights']);
  const isAll = stored === flights.length && documents === flights.length;
  console.log(
    `${stored} of ${flights.length} flights in S3, ${documents} documents in OpenSearch: ` +
      (isAll ? 'nothing is missed' : 'SOME ARE MISSED'),
  );
  return isAll;
}

/** DuckDB writes what it finds as JSON, which needs nothing of ours to read. */
async function query(folder: string, sql: string): Promise<Record<string, unknown>[]> {
  const path = join(folder, 'answer.json');
  const connection = await duckdb.connect(await duckdb.open(':memory:'));
  try {
    await duckdb.query(connection, `COPY (${sql}) TO '${path}' (FORMAT json, ARRAY true)`);
  } finally {
    duckdb.disconnect_sync(connection);
  }
  return JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>[];
}

process.exitCode = (await main()) ? 0 : 1;
