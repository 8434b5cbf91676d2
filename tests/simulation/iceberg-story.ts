/**
 * Firehose appending to tables of Iceberg behind a catalog that refuses, hangs, and commits without saying so, at once or long
 * after nobody waits for it any more; and at moments that the seed draws everything stops and starts again. Whatever happens:
 * every record that was acknowledged is a row or stands at the error prefix; what no table takes stands there and nowhere else;
 * an id comes with the same records always; and no row is there twice but by a crash.
 */
import assert from 'node:assert/strict';
import { AppendRefused } from '@millrace/firehose';
import type { IcebergTables, RowRefusal, TableAppend } from '@millrace/firehose';
import { simulatedWorld } from '@millrace/world';
import type { SimulatedWorld } from '@millrace/world';
import { MemoryTables } from '../../packages/firehose/test/memory-tables.ts';
import { openTestFirehose, s3 } from '../../packages/firehose/test/support.ts';
import type { TestFirehose } from '../../packages/firehose/test/support.ts';
import { failingBucket, leadLives, names, pass, unanswered } from './failing-destination.ts';
import type { Name } from './failing-destination.ts';
import { inlineCompressors } from './inline-compressors.ts';
import { settle } from './settle.ts';

class Counterparts {
  readonly tables = new MemoryTables();
  /** Objects' texts, by key. */
  readonly objects = new Map<string, string>();
  readonly acknowledged: Readonly<Record<Name, Set<number>>> = { patient: new Set(), hasty: new Set() };
  /** In which life an append was begun, by its id. */
  readonly lives = new Map<string, number>();
  life = 0;
  isDown = false;

  /** The lives in which each number's commits were begun. */
  rows(name: Name): Map<number, number[]> {
    const found = new Map<number, number[]>();
    for (const { deliveryId, rows } of this.tables.commits.get(`lake shop ${name}`) ?? [])
      for (const row of rows) {
        const { n } = JSON.parse(row) as { n: number };
        found.set(n, [...(found.get(n) ?? []), this.lives.get(deliveryId)!]);
      }
    return found;
  }

  failed(name: Name): Set<number> {
    const keys = [...this.objects.keys()].filter((key) => key.startsWith(`${name}-errors/`));
    const lines = keys.flatMap((key) => this.objects.get(key)!.split('\n').filter(Boolean));
    const texts = lines.map((line) => atob((JSON.parse(line) as { rawData: string }).rawData));
    return new Set(texts.map((text) => Number(/\d+/.exec(text)![0])));
  }

  missing(name: Name): number[] {
    const rows = this.rows(name);
    const failed = this.failed(name);
    return [...this.acknowledged[name]].filter((n) => !rows.has(n) && !failed.has(n));
  }
}

/** Every seventh is no JSON. */
function isWrong(n: number): boolean {
  return n % 7 === 3;
}

function faultyTables(world: SimulatedWorld, parts: Counterparts): IcebergTables {
  const { tables, lives } = parts;
  return {
    async append(append: TableAppend): Promise<readonly RowRefusal[]> {
      if (!lives.has(append.deliveryId)) lives.set(append.deliveryId, parts.life);
      await pass(world, world.draw(30));
      const fate = parts.isDown ? world.draw(2) : world.draw(8);
      if (fate === 0) throw new AppendRefused('Iceberg.CatalogFailure', 'answered 503', { isFinal: false });
      if (fate === 1) return unanswered(world, 30_000, append.signal);
      if (fate === 2) {
        // What was sent may be committed long after nobody waits for it any more.
        world.clock.setTimer(world.draw(20_000), () => void tables.take(append));
        throw new Error('a timeout');
      }
      const refused = tables.take(append);
      await pass(world, world.draw(30));
      if (fate === 3) throw new Error('the answer was lost');
      return refused;
    },
  };
}

export async function story(seed: number): Promise<void> {
  const world = simulatedWorld(seed);
  const parts = new Counterparts();
  const firehose = await leadLives(world, parts, {
    open: () => open(world, parts),
    destinationOf: (name) => ({
      IcebergDestinationConfiguration: {
        RoleARN: s3.RoleARN,
        CatalogConfiguration: { CatalogARN: 'arn:aws:glue:us-east-1:000000000000:catalog/lake' },
        DestinationTableConfigurationList: [{ DestinationDatabaseName: 'shop', DestinationTableName: name }],
        BufferingHints: { SizeInMBs: 1, IntervalInSeconds: world.draw(2) },
        RetryOptions: { DurationInSeconds: name === 'patient' ? 7200 : world.draw(60) },
        S3Configuration: { ...s3, ErrorOutputPrefix: `${name}-errors/` },
      },
    }),
    textOf: (n) => (isWrong(n) ? `no JSON: ${n}` : JSON.stringify({ n, text: 'x'.repeat(world.draw(200)) })),
    onOpenAgain: () => void (parts.life += 1),
  });
  for (const name of names) check(parts, name);
  assert.deepEqual(parts.tables.wrong, []);
  await settle(world, firehose.stop());
}

function check(parts: Counterparts, name: Name): void {
  assert.deepEqual(parts.missing(name), [], `missing in ${name}`);
  const rows = parts.rows(name);
  for (const [n, lives] of rows) {
    assert.ok(!isWrong(n), `${n} is a row of ${name}`);
    assert.equal(new Set(lives).size, lives.length, `${n} is twice in ${name}, by lives ${lives.join()}`);
  }
  if (name === 'hasty') return;
  for (const n of parts.failed(name)) assert.ok(isWrong(n), `${n} failed in ${name}`);
}

function open(world: SimulatedWorld, parts: Counterparts): Promise<TestFirehose> {
  return settle(
    world,
    openTestFirehose({
      world,
      directory: '/data',
      objects: failingBucket(world, parts.objects),
      icebergTables: faultyTables(world, parts),
      icebergCatalogs: new Set(['lake']),
      compressors: inlineCompressors,
      transitionMs: 5,
      log: { journalFileBytes: 16_384, hotBytes: 12_000 },
    }),
  );
}
