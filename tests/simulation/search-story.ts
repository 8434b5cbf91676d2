/**
 * Firehose delivering to a search cluster that refuses bulks and single documents, hangs, answers half, and takes without
 * saying so, at once or long after nobody waits for it any more; and at moments that the seed draws everything stops and starts
 * again. Whatever happens: every record that was acknowledged is a document or stands at the error prefix; none is two
 * documents; what the cluster never takes stands at the error prefix and nowhere else; and where everything is to be kept, it
 * is.
 */
import assert from 'node:assert/strict';
import type { HttpSender } from '@millrace/firehose';
import { simulatedWorld } from '@millrace/world';
import type { SimulatedWorld } from '@millrace/world';
import { SearchCluster } from '../../packages/firehose/test/search-cluster.ts';
import { openTestFirehose, s3 } from '../../packages/firehose/test/support.ts';
import type { TestFirehose } from '../../packages/firehose/test/support.ts';
import { failingBucket, leadLives, names, pass, unanswered } from './failing-destination.ts';
import type { Name } from './failing-destination.ts';
import { inlineCompressors } from './inline-compressors.ts';
import { settle } from './settle.ts';

class Counterparts {
  readonly cluster = new SearchCluster();
  /** The lines of objects, by key. */
  readonly objects = new Map<string, string>();
  readonly acknowledged: Readonly<Record<Name, Set<number>>> = { patient: new Set(), hasty: new Set() };
  isDown = false;

  /** How many documents there are of each number. */
  documents(name: Name): Map<number, number> {
    const found = new Map<number, number>();
    for (const { n } of this.cluster.sources(`${name}-index`) as { n: number }[]) found.set(n, (found.get(n) ?? 0) + 1);
    return found;
  }

  numbersBelow(prefix: string): Set<number> {
    const keys = [...this.objects.keys()].filter((key) => key.startsWith(prefix));
    const lines = keys.flatMap((key) => this.objects.get(key)!.split('\n').filter(Boolean));
    return new Set(
      lines.map((line) => {
        const read = JSON.parse(line) as { n?: number; rawData?: string };
        if (read.n !== undefined) return read.n;
        return (JSON.parse(Buffer.from(read.rawData!, 'base64').toString()) as { n: number }).n;
      }),
    );
  }

  missing(name: Name): number[] {
    const documents = this.documents(name);
    const failed = this.numbersBelow(`${name}-errors/`);
    return [...this.acknowledged[name]].filter((n) => !documents.has(n) && !failed.has(n));
  }
}

/** Every seventh is never taken. */
function isWrong(n: number): boolean {
  return n % 7 === 3;
}

function faultyCluster(world: SimulatedWorld, parts: Counterparts): HttpSender {
  const { cluster } = parts;
  cluster.fate = ({ source }) => {
    if (isWrong(source['n'] as number)) return { status: 400, type: 'mapper_parsing_exception' };
    return world.draw(12) === 0 ? { status: 429, type: 'rejected_execution_exception' } : 'taken';
  };
  return {
    async send(request) {
      await pass(world, world.draw(30));
      const fate = parts.isDown ? world.draw(2) : world.draw(9);
      if (fate === 0) return { status: 503, body: 'master not discovered' };
      if (fate === 1) return unanswered(world, request.timeoutMs, request.signal);
      if (fate === 2) {
        // What was sent may be indexed long after nobody waits for it any more.
        world.clock.setTimer(world.draw(20_000), () => void cluster.take(request));
        throw new Error('a timeout');
      }
      // One alone that is too large would never be taken.
      const isOne = String(request.body).split('\n').length === 3;
      if (fate === 3 && !isOne) return { status: 413, body: '' };
      const answer = cluster.take(request);
      await pass(world, world.draw(30));
      if (fate === 4) throw new Error('the answer was lost');
      if (fate === 5) return { status: 200, body: answer.body.slice(0, answer.body.length >> 1) };
      return answer;
    },
  };
}

export async function story(seed: number): Promise<void> {
  const world = simulatedWorld(seed);
  const parts = new Counterparts();
  const firehose = await leadLives(world, parts, {
    open: () => open(world, parts),
    destinationOf: (name) => ({
      AmazonopensearchserviceDestinationConfiguration: {
        RoleARN: s3.RoleARN,
        ClusterEndpoint: 'https://search.example',
        IndexName: `${name}-index`,
        IndexRotationPeriod: 'NoRotation',
        BufferingHints: { SizeInMBs: 1, IntervalInSeconds: world.draw(2) },
        RetryOptions: { DurationInSeconds: name === 'patient' ? 7200 : world.draw(60) },
        S3BackupMode: name === 'patient' ? 'AllDocuments' : 'FailedDocumentsOnly',
        S3Configuration: { ...s3, Prefix: `${name}-all/`, ErrorOutputPrefix: `${name}-errors/` },
      },
    }),
    textOf: (n) => `${JSON.stringify({ n, text: 'x'.repeat(world.draw(200)) })}\n`,
  });
  for (const name of names) check(parts, name);
  assert.deepEqual(parts.cluster.wrong, []);
  await settle(world, firehose.stop());
}

function check(parts: Counterparts, name: Name): void {
  assert.deepEqual(parts.missing(name), [], `missing in ${name}`);
  const documents = parts.documents(name);
  const twice = [...documents].filter(([, count]) => count > 1).map(([n]) => n);
  assert.deepEqual(twice, [], `twice in ${name}`);
  const failed = parts.numbersBelow(`${name}-errors/`);
  for (const n of documents.keys()) assert.ok(!isWrong(n), `${n} is a document of ${name}`);
  if (name === 'hasty') return;
  for (const n of failed) assert.ok(isWrong(n) && !documents.has(n), `${n} failed in ${name}`);
  const kept = parts.numbersBelow(`${name}-all/`);
  assert.deepEqual(
    [...parts.acknowledged[name]].filter((n) => !kept.has(n)),
    [],
    `not kept of ${name}`,
  );
}

function open(world: SimulatedWorld, parts: Counterparts): Promise<TestFirehose> {
  return settle(
    world,
    openTestFirehose({
      world,
      directory: '/data',
      objects: failingBucket(world, parts.objects),
      http: faultyCluster(world, parts),
      compressors: inlineCompressors,
      transitionMs: 5,
      log: { journalFileBytes: 16_384, hotBytes: 12_000 },
    }),
  );
}
