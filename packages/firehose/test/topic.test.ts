import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { SourceTopic, SourceTopics, TopicPositions } from '@millrace/firehose';
import { movableWorld } from '@millrace/world';
import { MemoryObjects, movableFirehose, openTestFirehose, s3, until } from './support.ts';

const clusterArn = 'arn:aws:kafka:us-east-1:000000000000:cluster/main/0-1';
const otherAccountsArn = 'arn:aws:kafka:us-east-1:111111111111:cluster/main/0-1';
const source = {
  DeliveryStreamType: 'MSKAsSource',
  MSKSourceConfiguration: {
    MSKClusterARN: clusterArn,
    TopicName: 'orders',
    AuthenticationConfiguration: { RoleARN: s3.RoleARN, Connectivity: 'PRIVATE' },
  },
};
const hints = { SizeInMBs: 1, IntervalInSeconds: 0 };
const destination = { ExtendedS3DestinationConfiguration: { ...s3, BufferingHints: hints } };

/** A topic of two partitions, in memory. */
class MemoryTopic implements SourceTopics {
  readonly partitions: string[][] = [[], []];
  readonly askedTimes: number[] = [];
  failures = 0;
  reads = 0;

  has(arn: string): boolean {
    return arn === clusterArn || arn === otherAccountsArn;
  }

  open(): SourceTopic {
    return {
      positionsAt: async (timeMs) => {
        this.askedTimes.push(timeMs);
        return new Map(
          this.partitions.map((records, partition) => [partition, BigInt(timeMs === 0 ? 0 : records.length)]),
        );
      },
      read: async (from, { maxBytes }) => this.#read(from, maxBytes),
      close: () => Promise.resolve(),
    };
  }

  async #read(from: TopicPositions, maxBytes: number): ReturnType<SourceTopic['read']> {
    this.reads += 1;
    if (this.failures > 0) {
      this.failures -= 1;
      throw new Error('no broker');
    }
    // As a broker waits for records.
    await new Promise((resolve) => setTimeout(resolve, 1));
    const records: { value: Buffer }[] = [];
    let bytes = 0;
    const next = new Map(from);
    for (const [partition, values] of this.partitions.entries())
      for (const value of values.slice(Number(from.get(partition)))) {
        if (bytes >= maxBytes) break;
        records.push({ value: Buffer.from(value) });
        bytes += value.length;
        next.set(partition, next.get(partition)! + 1n);
      }
    return { records, next };
  }
}

const textOf = ({ stored }: MemoryObjects): string => stored.map(({ body }) => String(body)).join('');

test('a topic is read from the start of the delivery stream on, and direct puts are refused', async () => {
  const topic = new MemoryTopic();
  topic.partitions[0]!.push('before ');
  const firehose = await movableFirehose({ topics: topic });
  try {
    const beganMs = firehose.world.clock.now();
    await firehose.call('CreateDeliveryStream', { DeliveryStreamName: 'd', ...source, ...destination });
    await firehose.untilActive('d');
    await until(() => topic.reads > 0);
    assert.match(
      await firehose.refusal('StartDeliveryStreamEncryption', { DeliveryStreamName: 'd' }),
      /^InvalidArgumentException: .*only where records are put directly/,
    );
    topic.partitions[0]!.push('a ', 'b ');
    await until(() => textOf(firehose.objects) === 'a b ');
    topic.partitions[1]!.push('c ');
    await until(() => textOf(firehose.objects) === 'a b c ');
    assert.equal(topic.askedTimes.length, 1);
    assert.ok(topic.askedTimes[0]! >= beganMs);
    assert.match(
      await firehose.refusal('PutRecord', { DeliveryStreamName: 'd', Record: { Data: 'AA==' } }),
      /not permitted on MSKAsSource/,
    );
    const { DeliveryStreamDescription: description } = (await firehose.call('DescribeDeliveryStream', {
      DeliveryStreamName: 'd',
    })) as { DeliveryStreamDescription: Record<string, unknown> };
    assert.equal(description['DeliveryStreamType'], 'MSKAsSource');
    const { MSKSourceDescription: described } = description['Source'] as { MSKSourceDescription: object };
    assert.deepEqual(
      { ...described, DeliveryStartTimestamp: 0 },
      { ...source.MSKSourceConfiguration, DeliveryStartTimestamp: 0 },
    );
  } finally {
    await firehose.end();
  }
});

test('ReadFromTimestamp reads what was there before; brokers that are away are asked again', async () => {
  const topic = new MemoryTopic();
  topic.partitions[0]!.push('before ');
  topic.failures = 3;
  const firehose = await movableFirehose({ topics: topic });
  try {
    await firehose.call('CreateDeliveryStream', {
      DeliveryStreamName: 'd',
      ...source,
      MSKSourceConfiguration: { ...source.MSKSourceConfiguration, ReadFromTimestamp: 0 },
      ...destination,
    });
    await firehose.untilActive('d');
    await until(() => {
      firehose.world.advance(1000);
      return textOf(firehose.objects) === 'before ';
    });
  } finally {
    await firehose.end();
  }
});

test('after a restart reading goes on behind what was read', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-topic-'));
  const topic = new MemoryTopic();
  const objects = new MemoryObjects();
  const open = (): ReturnType<typeof openTestFirehose> =>
    openTestFirehose({ world: movableWorld(), directory, objects, topics: topic });
  try {
    const first = await open();
    await first.call('CreateDeliveryStream', { DeliveryStreamName: 'd', ...source, ...destination });
    await first.untilActive('d');
    await until(() => topic.reads > 0);
    topic.partitions[0]!.push('a ');
    await until(() => textOf(objects) === 'a ');
    await first.stop();
    topic.partitions[0]!.push('b ');
    topic.partitions[1]!.push('c ');
    const second = await open();
    await until(() => textOf(objects).length === 6);
    assert.equal(textOf(objects), 'a b c ');
    await second.stop();
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

test('a topic is copied no further ahead of delivery than a few buffers', async () => {
  const topic = new MemoryTopic();
  let isHeldUp = true;
  class HeldUp extends MemoryObjects {
    override async put(object: Parameters<MemoryObjects['put']>[0]): Promise<void> {
      if (isHeldUp) throw new Error('not now');
      await super.put(object);
    }
  }
  const objects = new HeldUp();
  const firehose = await movableFirehose({ topics: topic, objects });
  try {
    topic.partitions[0]!.push(...Array<string>(64).fill('x'.repeat(1 << 20)));
    await firehose.call('CreateDeliveryStream', {
      DeliveryStreamName: 'd',
      ...source,
      MSKSourceConfiguration: { ...source.MSKSourceConfiguration, ReadFromTimestamp: 0 },
      ...destination,
    });
    await firehose.untilActive('d');
    const { logId } = [...firehose.firehose.service.state.deliveryStreams.values()][0]!;
    const copied = (): number => firehose.firehose.service.log.status(logId)!.nextIndex;
    await until(() => copied() >= 16);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.ok(copied() <= 17, String(copied()));
    isHeldUp = false;
    await until(() => {
      firehose.world.advance(1000);
      return objects.stored.reduce((sum, { body }) => sum + body.length, 0) === 64 << 20;
    });
  } finally {
    await firehose.end();
  }
});

test('a cluster that nobody said where it is, and types that contradict, are refused', async () => {
  const firehose = await movableFirehose({ topics: new MemoryTopic() });
  const refusal = (input: object): Promise<string> =>
    firehose.refusal('CreateDeliveryStream', { DeliveryStreamName: 'd', ...destination, ...input });
  try {
    const MSKSourceConfiguration = { ...source.MSKSourceConfiguration, MSKClusterARN: 'arn:aws:kafka:other' };
    assert.match(await refusal({ ...source, MSKSourceConfiguration }), /not told where cluster arn:aws:kafka:other is/);
    const ofAnother = { ...source.MSKSourceConfiguration, MSKClusterARN: otherAccountsArn };
    assert.equal(
      await refusal({ ...source, MSKSourceConfiguration: ofAnother }),
      `InvalidArgumentException: MSK cluster ${otherAccountsArn} not found.`,
    );
    assert.match(await refusal({ DeliveryStreamType: 'MSKAsSource' }), /when, and only when/);
    assert.match(await refusal({ ...source, DeliveryStreamType: 'DirectPut' }), /when, and only when/);
  } finally {
    await firehose.end();
  }
});

test('brokers that hang hold up neither the stop nor a deletion', async () => {
  const hung = new Promise<never>(() => undefined);
  for (const hangsFrom of ['the positions', 'the reading']) {
    let asked = 0;
    const topics: SourceTopics = {
      has: () => true,
      open: () => ({
        positionsAt() {
          if (hangsFrom !== 'the positions') return Promise.resolve(new Map([[0, 0n]]));
          asked += 1;
          return hung;
        },
        read() {
          asked += 1;
          return hung;
        },
        close: () => hung,
      }),
    };
    const firehose = await movableFirehose({ topics });
    await firehose.call('CreateDeliveryStream', { DeliveryStreamName: 'd', ...source, ...destination });
    await until(() => asked > 0);
    await firehose.end();
  }
});

test('what a topic does not have any more is told', async () => {
  const told: string[] = [];
  const jump = { partition: 0, from: 3n, to: 7n };
  let reads = 0;
  const topics: SourceTopics = {
    has: () => true,
    open: () => ({
      positionsAt: () => Promise.resolve(new Map([[0, 3n]])),
      async read() {
        await new Promise((resolve) => setTimeout(resolve, 1));
        reads += 1;
        return { records: [], next: new Map([[0, 7n]]), ...(reads === 1 && { jumps: [jump] }) };
      },
      close: () => Promise.resolve(),
    }),
  };
  const firehose = await movableFirehose({ topics, report: (message) => void told.push(message) });
  try {
    await firehose.call('CreateDeliveryStream', { DeliveryStreamName: 'd', ...source, ...destination });
    await until(() => reads > 1);
    assert.deepEqual(told, [
      'orders 0 of 000000000000:us-east-1:d goes on at 7, not at 3: what was between has expired',
    ]);
  } finally {
    await firehose.end();
  }
});
