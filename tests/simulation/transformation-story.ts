/**
 * Firehose with a function on the way, keys by jq, and a backup, on a disk that loses power: the function fails, answers half,
 * answers what it should not, hangs, and makes something else with every try; the store refuses, hangs and succeeds without
 * saying so. Whatever happens: every record that was acknowledged is in the backup as it came in, and in its own partition or at
 * the error prefix; nothing lies in a partition of others; within an object the order is that of the records.
 */
import assert from 'node:assert/strict';
import type { FunctionInvoker, QueryEngine } from '@millrace/firehose';
import { AwsError } from '@millrace/model';
import { simulatedWorld } from '@millrace/world';
import type { SimulatedWorld } from '@millrace/world';
import { openJq } from '../../packages/firehose/src/processing/jq/jq-runner.ts';
import { openTestFirehose, s3 } from '../../packages/firehose/test/support.ts';
import type { TestFirehose } from '../../packages/firehose/test/support.ts';
import { Bucket, faultyStore } from './firehose-story.ts';
import { inlineCompressors } from './inline-compressors.ts';
import { settle } from './settle.ts';

const name = 'transformed';
const partitions = 3;
const jq = await openJq();

/** jq in this thread: the world's clock does not see others. */
const queries: QueryEngine = {
  check: (query) => Promise.resolve(jq.check(query)),
  run: (query, texts) => Promise.resolve(jq.run(query, texts)),
  stop: () => Promise.resolve(),
};

export async function story(seed: number): Promise<void> {
  const world = simulatedWorld(seed);
  const bucket = new Bucket();
  const acknowledged = new Set<number>();
  const faults = { areOn: true };
  let firehose = await open(world, bucket, faults);
  await settle(world, firehose.call('CreateDeliveryStream', deliveryStream(world)));
  await settle(world, firehose.untilActive(name));
  let next = 0;
  for (let life = 0; life < 4; life += 1) {
    void write(firehose, world, { acknowledged, number: () => next++ });
    if (world.draw(3) === 0) world.disk.faults = { writeFails: () => world.draw(40) === 0 };
    await world.run({ forMs: 2000 + world.draw(8000) });
    bucket.isDown = world.draw(3) === 0;
    world.stepClock(world.draw(10_000) - 5000);
    await world.run({ forMs: 2000 + world.draw(8000) });
    world.disk.faults = {};
    world.crash();
    firehose = await open(world, bucket, faults);
  }
  bucket.isDown = false;
  faults.areOn = false;
  const missing = (): number[] => {
    const [there, kept] = [new Set([...delivered(bucket), ...failed(bucket)]), backedUp(bucket)];
    return [...acknowledged].filter((number) => !there.has(number) || !kept.has(number));
  };
  await world.run({ forMs: 3_600_000, stop: () => missing().length === 0 });
  assert.deepEqual(missing(), [], 'missing');
  await settle(world, firehose.stop());
}

function deliveryStream(world: SimulatedWorld): object {
  const parameters = (given: Readonly<Record<string, string>>): object => ({
    Parameters: Object.entries(given).map(([ParameterName, ParameterValue]) => ({ ParameterName, ParameterValue })),
  });
  return {
    DeliveryStreamName: name,
    ExtendedS3DestinationConfiguration: {
      ...s3,
      Prefix: '!{partitionKeyFromQuery:half}/!{partitionKeyFromLambda:third}/',
      ErrorOutputPrefix: 'errors/!{firehose:error-output-type}/',
      BufferingHints: { SizeInMBs: 64, IntervalInSeconds: 1 },
      CompressionFormat: world.draw(2) === 0 ? 'GZIP' : 'UNCOMPRESSED',
      DynamicPartitioningConfiguration: { Enabled: true, RetryOptions: { DurationInSeconds: world.draw(30) } },
      S3BackupMode: 'Enabled',
      S3BackupConfiguration: { ...s3, Prefix: 'kept/', ErrorOutputPrefix: 'errors/' },
      ProcessingConfiguration: {
        Enabled: true,
        Processors: [
          {
            Type: 'Lambda',
            ...parameters({
              LambdaArn: 'arn:aws:lambda:us-east-1:000000000000:function:f',
              NumberOfRetries: String(world.draw(3)),
            }),
          },
          {
            Type: 'MetadataExtraction',
            ...parameters({ MetadataExtractionQuery: '{half: (.n % 2)}', JsonParsingEngine: 'JQ-1.6' }),
          },
          { Type: 'AppendDelimiterToRecord' },
        ],
      },
    },
  };
}

interface EventRecord {
  readonly recordId: string;
  readonly data: string;
}

/** A function that does, call by call, what the seed draws. */
function faultyFunction(world: SimulatedWorld, faults: { readonly areOn: boolean }): FunctionInvoker {
  return {
    async invoke({ payload }) {
      const { records } = JSON.parse(String(payload)) as { records: EventRecord[] };
      await new Promise<void>((resolve) => world.clock.setTimer(world.draw(100), resolve));
      const fate = faults.areOn ? world.draw(10) : 9;
      if (fate === 0) return { payload: Buffer.from('{}'), isError: true };
      if (fate === 1) throw new AwsError('TooManyRequestsException', 'Rate Exceeded.', 429);
      if (fate === 2) return { payload: Buffer.from('{"records":'), isError: false };
      if (fate === 3) await new Promise<void>((resolve) => world.clock.setTimer(400_000, resolve));
      const answers = records.flatMap(({ recordId, data }) => {
        const { n } = JSON.parse(String(Buffer.from(data, 'base64'))) as { n: number };
        const ok = { recordId, result: 'Ok', data, metadata: { partitionKeys: { third: n % partitions } } };
        const own = fate > 6 ? 5 : world.draw(6);
        if (own === 0) return [];
        if (own === 1) return [{ ...ok, result: 'ProcessingFailed' }];
        if (own === 2) return [ok, ok];
        return own === 3 ? [{ ...ok, metadata: {} }] : [ok];
      });
      return { payload: Buffer.from(JSON.stringify({ records: answers })), isError: false };
    },
  };
}

function numbersIn(text: string): number[] {
  return [...text.matchAll(/\{"n":(\d+)/g)].map(([, number]) => Number(number));
}

/** Throws where a record lies in another's partition, or before an earlier one. */
function delivered(bucket: Bucket): number[] {
  return [...bucket.objects].flatMap(([key, text]) => {
    const [, half, third] = /^(\d)\/(\d)\//.exec(key) ?? [];
    if (half === undefined) return [];
    const numbers = numbersIn(text);
    for (const [at, number] of numbers.entries()) {
      assert.equal(`${number % 2}/${number % partitions}`, `${half}/${third}`, `${number} in ${key}`);
      assert.ok(at === 0 || numbers[at - 1]! < number, `order in ${key}`);
    }
    return numbers;
  });
}

function failed(bucket: Bucket): number[] {
  return [...bucket.objects].flatMap(([key, text]) =>
    key.startsWith('errors/')
      ? text
          .trimEnd()
          .split('\n')
          .flatMap((line) => {
            const { rawData } = JSON.parse(line) as { rawData: string };
            return numbersIn(String(Buffer.from(rawData, 'base64')));
          })
      : [],
  );
}

function backedUp(bucket: Bucket): Set<number> {
  const kept = [...bucket.objects].filter(([key]) => key.startsWith('kept/'));
  return new Set(kept.flatMap(([, text]) => numbersIn(text)));
}

function open(world: SimulatedWorld, bucket: Bucket, faults: { readonly areOn: boolean }): Promise<TestFirehose> {
  return settle(
    world,
    openTestFirehose({
      world,
      directory: '/data',
      objects: faultyStore(world, bucket),
      functions: faultyFunction(world, faults),
      queries,
      compressors: inlineCompressors,
      transitionMs: 5,
      log: { journalFileBytes: 16_384, hotBytes: 12_000 },
    }),
  );
}

/** One put after the other: numbers rise in the order of the records. */
async function write(
  firehose: TestFirehose,
  world: SimulatedWorld,
  { acknowledged, number }: { readonly acknowledged: Set<number>; number(): number },
): Promise<void> {
  for (;;) {
    const numbers = Array.from({ length: 1 + world.draw(8) }, number);
    try {
      await firehose.call('PutRecordBatch', {
        DeliveryStreamName: name,
        Records: numbers.map((n) => ({
          Data: Buffer.from(JSON.stringify({ n, text: 'x'.repeat(world.draw(200)) })).toString('base64'),
        })),
      });
      for (const n of numbers) acknowledged.add(n);
    } catch {
      // Nobody knows. After a refused write the log takes no more in this life.
      return;
    }
    await new Promise<void>((resolve) => world.clock.setTimer(world.draw(1000), resolve));
  }
}
