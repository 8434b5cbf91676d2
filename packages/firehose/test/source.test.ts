import { aggregate } from '@millrace/aggregation';
import type { FunctionInvoker, SourceStream } from '@millrace/firehose';
import type { ShardLineage } from '@millrace/log';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { movableFirehose, s3, until } from './support.ts';
import type { TestOptions } from './support.ts';

const arn = 'arn:aws:kinesis:us-east-1:000000000000:stream/source';

type Opened = Awaited<ReturnType<typeof movableFirehose>>;

interface Told extends Opened {
  /** The stream as the next look finds it. */
  stream: { id: string; shards: ShardLineage[] } | undefined;
  append(logId: number, ...texts: string[]): Promise<void>;
  delivered(): string;
}

/** Shards as a stream of Data Streams names them. */
function named(stream: Told['stream']): SourceStream | undefined {
  return (
    stream && {
      ...stream,
      shards: stream.shards.map((shard) => ({
        ...shard,
        shardId: `shardId-${shard.logId}`,
        sequenceNumber: (index) => String(index),
      })),
    }
  );
}

async function withStream(run: (told: Told) => Promise<void>, options: Partial<TestOptions> = {}): Promise<void> {
  const held: { stream: Told['stream'] } = {
    stream: { id: 'a', shards: [{ logId: 1, parents: [], endIndex: undefined }] },
  };
  const firehose = await movableFirehose({
    ...options,
    sources: { find: (asked) => (asked === arn ? named(held.stream) : undefined) },
  });
  const { log } = firehose.firehose.service;
  const told: Told = Object.assign(held, firehose, {
    async append(logId: number, ...texts: string[]) {
      await log.create(logId);
      await log.append(
        logId,
        texts.map((text) => ({ partitionKey: 'k', data: Buffer.from(text) })),
        0,
      );
    },
    delivered: () => firehose.objects.stored.map(({ body }) => String(body)).join(''),
  });
  try {
    await run(told);
  } finally {
    await firehose.end();
  }
}

async function create({ call, untilActive }: Told, processing?: object): Promise<void> {
  await call('CreateDeliveryStream', {
    DeliveryStreamName: 'd',
    DeliveryStreamType: 'KinesisStreamAsSource',
    KinesisStreamSourceConfiguration: { KinesisStreamARN: arn, RoleARN: s3.RoleARN },
    ExtendedS3DestinationConfiguration: {
      ...s3,
      BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 0 },
      ...(processing !== undefined && { ProcessingConfiguration: processing }),
    },
  });
  await untilActive('d');
}

test('begins at LATEST, reads parents to their end before their children, and finds children that come later', () =>
  withStream(async (told) => {
    await told.append(1, 'before ');
    await create(told);
    await told.append(1, 'a ', 'b ');
    await until(() => told.delivered() === 'a b ');
    // The child has records already, and its parent one more that is not read yet.
    await told.append(2, 'd ');
    told.stream = {
      id: 'a',
      shards: [
        { logId: 1, parents: [], endIndex: 4 },
        { logId: 2, parents: [1], endIndex: undefined },
      ],
    };
    told.world.advance(1000);
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(told.delivered(), 'a b ');
    await told.append(1, 'c ');
    await until(() => told.delivered() === 'a b c d ');
  }));

test('a function hears where each record lies in the stream, those that a producer aggregated one by one', async () => {
  const events: { sourceKinesisStreamArn: string; records: Record<string, unknown>[] }[] = [];
  const functions: FunctionInvoker = {
    async invoke({ payload }) {
      const event = JSON.parse(String(payload)) as (typeof events)[0];
      events.push(event);
      const records = event.records.map(({ recordId, data }) => ({ recordId, data, result: 'Ok' }));
      return { payload: Buffer.from(JSON.stringify({ records })), isError: false };
    },
  };
  await withStream(
    async (told) => {
      await told.append(1, 'before ');
      await create(told, {
        Enabled: true,
        Processors: [
          {
            Type: 'Lambda',
            Parameters: [
              { ParameterName: 'LambdaArn', ParameterValue: 'arn:aws:lambda:us-east-1:000000000000:function:f' },
            ],
          },
        ],
      });
      const texts = ['a ', 'b '].map((text) => ({ partitionKey: `of ${text}`, data: Buffer.from(text) }));
      const [aggregated] = aggregate(texts);
      await told.firehose.service.log.append(1, [{ partitionKey: 'k', data: Buffer.from(aggregated!.data) }], 0);
      await until(() => told.delivered() === 'a b ');
      assert.equal(events[0]!.sourceKinesisStreamArn, arn);
      assert.deepEqual(
        events[0]!.records.map(({ kinesisRecordMetadata: metadata }) => {
          const { approximateArrivalTimestamp: at, ...rest } = metadata as Record<string, unknown>;
          assert.equal(typeof at, 'number');
          return rest;
        }),
        texts.map(({ partitionKey }, subsequenceNumber) => ({
          sequenceNumber: '1',
          subsequenceNumber,
          partitionKey,
          shardId: 'shardId-1',
        })),
      );
      assert.equal(new Set(events[0]!.records.map(({ recordId }) => recordId)).size, 2);
    },
    { functions },
  );
});

test('what a producer aggregated is taken apart', () =>
  withStream(async (told) => {
    await told.append(1, 'before');
    await create(told);
    const users = ['one ', 'two '].map((text) => ({ partitionKey: 'k', data: Buffer.from(text) }));
    const [aggregated] = aggregate(users);
    await told.firehose.service.log.append(1, [{ partitionKey: 'k', data: Buffer.from(aggregated!.data) }], 0);
    await until(() => told.delivered() === 'one two ');
  }));

test('a stream that was made again under the name is not the one that was asked for', () =>
  withStream(async (told) => {
    await told.append(1, 'before');
    await create(told);
    told.stream = { id: 'b', shards: [{ logId: 3, parents: [], endIndex: undefined }] };
    await told.append(3, 'of another stream');
    told.world.advance(2000);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(told.delivered(), '');
  }));

test('refuses a stream that is not there, a source without its type, and direct puts', () =>
  withStream(async (told) => {
    const create2 = (more: object): Promise<string> =>
      told.refusal('CreateDeliveryStream', {
        DeliveryStreamName: 'e',
        ExtendedS3DestinationConfiguration: s3,
        ...more,
      });
    const source = (KinesisStreamARN: string): object => ({
      KinesisStreamSourceConfiguration: { KinesisStreamARN, RoleARN: s3.RoleARN },
    });
    const type = { DeliveryStreamType: 'KinesisStreamAsSource' };
    assert.match(await create2({ ...type, ...source(`${arn}2`) }), /^InvalidArgumentException: .*not found/);
    assert.match(await create2(type), /^InvalidArgumentException/);
    assert.match(await create2(source(arn)), /^InvalidArgumentException/);
    await told.append(1, 'before');
    await create(told);
    assert.equal(
      await told.refusal('PutRecord', { DeliveryStreamName: 'd', Record: { Data: 'YQ==' } }),
      'InvalidArgumentException: This operation is not permitted on KinesisStreamAsSource delivery stream type.',
    );
    assert.match(
      await told.refusal('StartDeliveryStreamEncryption', { DeliveryStreamName: 'd' }),
      /^InvalidArgumentException/,
    );
    const { DeliveryStreamDescription: description } = await told.call('DescribeDeliveryStream', {
      DeliveryStreamName: 'd',
    });
    assert.equal((description as { DeliveryStreamType: string }).DeliveryStreamType, 'KinesisStreamAsSource');
  }));

test("another account's stream is no source: no role is assumed that could say so", async () => {
  const shards = [{ logId: 1, parents: [], endIndex: undefined }];
  const firehose = await movableFirehose({ sources: { find: () => named({ id: 'a', shards }) } });
  try {
    const create = (KinesisStreamARN: string): Promise<string> =>
      firehose.refusal('CreateDeliveryStream', {
        DeliveryStreamName: 'd',
        DeliveryStreamType: 'KinesisStreamAsSource',
        KinesisStreamSourceConfiguration: { KinesisStreamARN, RoleARN: s3.RoleARN },
        S3DestinationConfiguration: s3,
      });
    assert.match(await create(arn.replace(/:0+:/, ':111111111111:')), /^InvalidArgumentException: .*not found/);
    assert.equal(await create(arn), 'nothing');
  } finally {
    await firehose.end();
  }
});

test('a stream is read once a second a shard, and not beyond what its other readers leave', async () => {
  const shards = [{ logId: 1, parents: [], endIndex: undefined }];
  let left = Infinity;
  const calls: number[] = [];
  const booked: number[] = [];
  const firehose = await movableFirehose({
    sources: { find: () => named({ id: 'a', shards }) },
    readBudget: {
      tryRead() {
        if (left === 0) return false;
        left -= 1;
        calls.push(firehose.world.clock.monotonicMs());
        return true;
      },
      endRead: (_, bytes) => void booked.push(bytes),
    },
  });
  try {
    const { log } = firehose.firehose.service;
    await log.create(1);
    await firehose.call('CreateDeliveryStream', {
      DeliveryStreamName: 'd',
      DeliveryStreamType: 'KinesisStreamAsSource',
      KinesisStreamSourceConfiguration: { KinesisStreamARN: arn, RoleARN: s3.RoleARN },
      ExtendedS3DestinationConfiguration: { ...s3, BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 0 } },
    });
    await firehose.untilActive('d');
    await until(() => calls.length === 1);
    const put = (text: string): Promise<unknown> => log.append(1, [{ partitionKey: 'k', data: Buffer.from(text) }], 0);
    await put('one');
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(calls.length, 1);
    left = 0;
    firehose.world.advance(5000);
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepEqual(firehose.objects.stored, []);
    left = Infinity;
    firehose.world.advance(1000);
    await until(() => firehose.objects.stored.length === 1);
    assert.equal(
      booked.reduce((sum, bytes) => sum + bytes, 0),
      3,
    );
  } finally {
    await firehose.end();
  }
});
