/**
 * Firehose delivering to Redshift: a database that refuses, hangs, loads and loses its answer, or loads long after nobody
 * waits for it, behind a store that fails as well, through crashes and clock steps. Whatever happens: every record that was
 * acknowledged is in its table or in an object that a manifest among the errors lists; a COPY is only asked for what is there;
 * a manifest goes to the errors when the retry time is over and not before, and is not loaded after that; nor is what the
 * database has said that it loaded.
 */
import assert from 'node:assert/strict';
import { StatementRefused } from '@millrace/firehose';
import type { Statement, StatementSender } from '@millrace/firehose';
import { simulatedWorld } from '@millrace/world';
import type { SimulatedWorld } from '@millrace/world';
import { openTestFirehose, s3 } from '../../packages/firehose/test/support.ts';
import type { TestFirehose } from '../../packages/firehose/test/support.ts';
import { Bucket, faultyStore, write } from './firehose-story.ts';
import { inlineCompressors } from './inline-compressors.ts';
import { settle } from './settle.ts';

const names = ['plain', 'packed'];
const copy =
  /^COPY (plain|packed) \(line\) FROM 's3:\/\/logs\/([^']+)' CREDENTIALS 'aws_iam_role=[^']+' MANIFEST DELIMITER '\\t'( GZIP)?$/;

/** A bucket that knows when manifests came among the errors. */
class WatchedBucket extends Bucket {
  /** Monotonic, of the first time, by the object that is listed. */
  readonly skipped = new Map<string, number>();
  readonly #world: SimulatedWorld;

  constructor(world: SimulatedWorld) {
    super();
    this.#world = world;
  }

  override store(key: string, body: Buffer): void {
    super.store(key, body);
    if (!key.includes('/errors/manifests/')) return;
    for (const object of this.listed(key))
      if (!this.skipped.has(object)) this.skipped.set(object, this.#world.clock.monotonicMs());
  }

  /** The keys that a manifest lists. */
  listed(manifest: string): string[] {
    const { entries } = JSON.parse(this.objects.get(manifest)!) as { entries: { url: string; mandatory: boolean }[] };
    return entries.map(({ url, mandatory }) => {
      assert.ok(mandatory);
      return url.slice('s3://logs/'.length);
    });
  }

  lines(key: string): string[] {
    return this.objects.get(key)!.split('\n').filter(Boolean);
  }
}

/** The tables, which outlive every crash. */
class Database implements StatementSender {
  /** In the order of loading, but for what was loaded when nobody waited any more. */
  readonly rows = new Map(names.map((name) => [name, [] as string[]]));
  readonly late = new Map(names.map((name) => [name, [] as string[]]));
  /** Monotonic, of the first COPY and of the last, by the object. */
  readonly tried = new Map<string, { readonly firstMs: number; lastMs: number }>();
  readonly wrong: string[] = [];
  /** Objects of which the answer was heard. */
  readonly #loaded = new Set<string>();
  isDown = false;
  readonly #world: SimulatedWorld;
  readonly #bucket: WatchedBucket;

  constructor(world: SimulatedWorld, bucket: WatchedBucket) {
    this.#world = world;
    this.#bucket = bucket;
  }

  async run({ text, timeoutMs, signal }: Statement): Promise<void> {
    const world = this.#world;
    const [, table, manifest] = copy.exec(text) ?? [];
    if (table === undefined || !this.#bucket.objects.has(manifest!)) {
      this.wrong.push(text);
      return;
    }
    const objects = this.#bucket.listed(manifest!);
    this.wrong.push(
      ...objects.filter(
        (key) => !this.#bucket.objects.has(key) || this.#bucket.skipped.has(key) || this.#loaded.has(key),
      ),
    );
    const nowMs = world.clock.monotonicMs();
    for (const key of objects) {
      const tried = this.tried.get(key);
      if (tried === undefined) this.tried.set(key, { firstMs: nowMs, lastMs: nowMs });
      else tried.lastMs = nowMs;
    }
    const load = (tables: ReadonlyMap<string, string[]>): void => {
      for (const key of objects) tables.get(table)!.push(...this.#bucket.lines(key));
    };
    await this.#pause(world.draw(50), signal);
    const fate = this.isDown ? world.draw(3) : world.draw(7);
    if (fate === 0) throw new StatementRefused('XX000', "Load into table 'plain' failed.");
    if (fate === 1) throw new Error('connect ECONNREFUSED');
    if (fate === 2) {
      if (world.draw(3) === 0) world.clock.setTimer(world.draw(timeoutMs), () => load(this.late));
      await this.#pause(world.draw(4) === 0 ? timeoutMs : 10_000, signal);
      throw new Error('the database did not answer in time');
    }
    load(this.rows);
    await this.#pause(world.draw(50), signal);
    if (fate === 3) throw new Error('Connection terminated unexpectedly');
    for (const key of objects) this.#loaded.add(key);
  }

  /** Every record that is in the table, or in an object that was skipped. */
  has(name: string): Set<string> {
    const skipped = [...this.#bucket.skipped.keys()].filter((key) => key.startsWith(`${name}/`));
    return new Set([...this.rows.get(name)!, ...skipped.flatMap((key) => this.#bucket.lines(key))]);
  }

  #pause(forMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#world.clock.setTimer(forMs, resolve);
      signal.addEventListener('abort', () => {
        timer.cancel();
        resolve();
      });
    });
  }
}

export async function story(seed: number): Promise<void> {
  const world = simulatedWorld(seed);
  const bucket = new WatchedBucket(world);
  const database = new Database(world, bucket);
  const acknowledged = new Map(names.map((name) => [name, new Set<string>()]));
  const retrySeconds = new Map(names.map((name) => [name, [0, 20, 3600][world.draw(3)]!]));
  let firehose = await open(world, bucket, database);
  for (const name of names) await create(world, firehose, { name, seconds: retrySeconds.get(name)! });
  let next = 0;
  for (let life = 0; life < 4; life += 1) {
    for (const name of names)
      void write(firehose, world, { name, acknowledged: acknowledged.get(name)!, number: () => next++ });
    if (world.draw(3) === 0) world.disk.faults = { writeFails: () => world.draw(40) === 0 };
    await world.run({ forMs: 200 + world.draw(5000) });
    bucket.isDown = world.draw(4) === 0;
    database.isDown = world.draw(2) === 0;
    world.stepClock(world.draw(10_000) - 5000);
    await world.run({ forMs: 200 + world.draw(world.draw(3) === 0 ? 120_000 : 5000) });
    world.disk.faults = {};
    world.crash();
    firehose = await open(world, bucket, database);
  }
  bucket.isDown = false;
  database.isDown = false;
  const missing = (name: string): string[] => {
    const there = database.has(name);
    return [...acknowledged.get(name)!].filter((record) => !there.has(record));
  };
  await world.run({ forMs: 7_200_000, stop: () => names.every((name) => missing(name).length === 0) });
  assert.deepEqual(database.wrong, [], 'asked for what is not there, is loaded, or was given up');
  for (const name of names) {
    assert.deepEqual(missing(name), [], `missing in ${name}`);
    const numbers = [...new Set(database.rows.get(name))].map((record) => Number(record.split(' ')[1]));
    assert.deepEqual(
      numbers,
      numbers.toSorted((one, other) => one - other),
      `order in ${name}`,
    );
    for (const record of database.has(name)) assert.ok(record.startsWith(`${name} `), `${record} in ${name}`);
    checkTimes({ bucket, database, name, retryMs: retrySeconds.get(name)! * 1000 });
  }
  await settle(world, firehose.stop());
}

/** Not given up early, nor tried for longer than asked for. */
function checkTimes(at: { bucket: WatchedBucket; database: Database; name: string; retryMs: number }): void {
  const { bucket, database, name, retryMs } = at;
  for (const [key, { firstMs, lastMs }] of database.tried) {
    if (!key.startsWith(`${name}/`)) continue;
    // What hangs is waited for, and a pause is a minute at most.
    assert.ok(lastMs - firstMs <= retryMs + 60_000, `${key} was tried for ${lastMs - firstMs} ms`);
    if (retryMs === 0) assert.equal(lastMs, firstMs, `${key} was tried again`);
    const skippedMs = bucket.skipped.get(key);
    if (skippedMs !== undefined) assert.ok(skippedMs - firstMs >= retryMs, `${key} was given up early`);
  }
}

async function create(
  world: SimulatedWorld,
  firehose: TestFirehose,
  { name, seconds }: { name: string; seconds: number },
): Promise<void> {
  const isPacked = name === 'packed';
  await settle(
    world,
    firehose.call('CreateDeliveryStream', {
      DeliveryStreamName: name,
      RedshiftDestinationConfiguration: {
        RoleARN: s3.RoleARN,
        ClusterJDBCURL: 'jdbc:redshift://db.redshift.local:5439/dev',
        CopyCommand: {
          DataTableName: name,
          DataTableColumns: 'line',
          CopyOptions: `DELIMITER '\\t'${isPacked ? ' GZIP' : ''}`,
        },
        Username: 'loader',
        Password: 'a password',
        RetryOptions: { DurationInSeconds: seconds },
        S3Configuration: {
          ...s3,
          Prefix: `${name}/`,
          BufferingHints: { SizeInMBs: 1, IntervalInSeconds: world.draw(2) },
          CompressionFormat: isPacked ? 'GZIP' : 'UNCOMPRESSED',
        },
      },
    }),
  );
  await settle(world, firehose.untilActive(name));
}

function open(world: SimulatedWorld, bucket: Bucket, database: Database): Promise<TestFirehose> {
  return settle(
    world,
    openTestFirehose({
      world,
      directory: '/data',
      objects: faultyStore(world, bucket),
      statements: database,
      compressors: inlineCompressors,
      transitionMs: 5,
      log: { journalFileBytes: 16_384, hotBytes: 12_000 },
    }),
  );
}
