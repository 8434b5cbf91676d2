/**
 * Firehose on a disk that loses power, delivering to a store that refuses, hangs and succeeds without saying so: writers put
 * into three delivery streams, destinations are updated, and at moments that the seed draws everything stops and starts again.
 * Whatever happens: every record that was acknowledged is in an object of its own delivery stream, in order of its first
 * delivery, and an object that was tried again under its name holds no less than before.
 */
import assert from 'node:assert/strict';
import { gunzipSync } from 'node:zlib';
import type { Conversions, ObjectStore } from '@millrace/firehose';
import { AwsError } from '@millrace/model';
import { simulatedWorld } from '@millrace/world';
import type { SimulatedWorld } from '@millrace/world';
import { openTestFirehose, s3 } from '../../packages/firehose/test/support.ts';
import type { TestFirehose } from '../../packages/firehose/test/support.ts';
import { inlineCompressors } from './inline-compressors.ts';
import { settle } from './settle.ts';

const names = ['plain', 'packed', 'converted'];

/** The bucket, which outlives every crash. */
export class Bucket {
  readonly objects = new Map<string, string>();
  /** Keys in the order in which they were stored first. */
  readonly order: string[] = [];
  readonly shrunk: string[] = [];
  isDown = false;
  /** Converters do not fail: a delivery stream is being made. */
  isCalm = true;

  store(key: string, body: Buffer): void {
    const text = String(key.endsWith('.gz') ? gunzipSync(body) : body);
    const before = this.objects.get(key);
    if (before === undefined) this.order.push(key);
    // Told at the end: thrown here it would be one more refusal.
    else if (!text.startsWith(before)) this.shrunk.push(key);
    this.objects.set(key, text);
  }

  /** The records of a delivery stream in the order in which they were delivered first. */
  records(name: string): string[] {
    const keys = this.order.filter((key) => key.startsWith(`${name}/`));
    return [...new Set(keys.flatMap((key) => this.objects.get(key)!.split('\n').filter(Boolean)))];
  }
}

export function faultyStore(world: SimulatedWorld, bucket: Bucket): ObjectStore {
  return {
    async put({ key, body }) {
      await new Promise<void>((resolve) => world.clock.setTimer(world.draw(30), resolve));
      const fate = bucket.isDown ? 0 : world.draw(5);
      if (fate === 0) throw new Error('503 Slow Down');
      // What was sent may be stored long after nobody waits for it any more.
      if (fate === 2 && world.draw(4) === 0) {
        const late = Buffer.concat(body);
        world.clock.setTimer(world.draw(20_000), () => bucket.store(key, late));
        throw new Error('a timeout');
      }
      bucket.store(key, Buffer.concat(body));
      await new Promise<void>((resolve) => world.clock.setTimer(world.draw(30), resolve));
      if (fate === 1) throw new Error('the answer was lost');
    },
  };
}

export async function story(seed: number): Promise<void> {
  const world = simulatedWorld(seed);
  const bucket = new Bucket();
  const acknowledged = new Map(names.map((name) => [name, new Set<string>()]));
  let firehose = await open(world, bucket);
  for (const name of names) {
    await settle(
      world,
      firehose.call('CreateDeliveryStream', {
        DeliveryStreamName: name,
        ExtendedS3DestinationConfiguration: {
          ...s3,
          Prefix: `${name}/!{timestamp:yyyy}/`,
          ErrorOutputPrefix: 'errors/!{firehose:error-output-type}/',
          BufferingHints: { SizeInMBs: name === 'converted' ? 64 : 1, IntervalInSeconds: world.draw(2) },
          CompressionFormat: name === 'packed' ? 'GZIP' : 'UNCOMPRESSED',
          ...(name === 'converted' && { DataFormatConversionConfiguration: conversion }),
        },
      }),
    );
    await settle(world, firehose.untilActive(name));
  }
  bucket.isCalm = false;
  let next = 0;
  for (let life = 0; life < 4; life += 1) {
    for (const name of names)
      void write(firehose, world, { name, acknowledged: acknowledged.get(name)!, number: () => next++ });
    if (world.draw(3) === 0) world.disk.faults = { writeFails: () => world.draw(40) === 0 };
    await world.run({ forMs: 200 + world.draw(3000) });
    bucket.isDown = world.draw(3) === 0;
    world.stepClock(world.draw(10_000) - 5000);
    await world.run({ forMs: 200 + world.draw(3000) });
    world.disk.faults = {};
    world.crash();
    firehose = await open(world, bucket);
  }
  bucket.isDown = false;
  await world.run({
    forMs: 3_600_000,
    stop: () => names.every((name) => missing(bucket, name, acknowledged.get(name)!).length === 0),
  });
  assert.deepEqual(bucket.shrunk, [], 'objects that lost what they had');
  for (const name of names) {
    assert.deepEqual(missing(bucket, name, acknowledged.get(name)!), [], `missing in ${name}`);
    const numbers = bucket.records(name).map((record) => Number(record.split(' ')[1]));
    assert.deepEqual(
      numbers,
      numbers.toSorted((one, other) => one - other),
      `order in ${name}`,
    );
    for (const record of bucket.records(name)) assert.ok(record.startsWith(`${name} `), `${record} in ${name}`);
  }
  await settle(world, firehose.stop());
}

const conversion = {
  InputFormatConfiguration: { Deserializer: { OpenXJsonSerDe: {} } },
  OutputFormatConfiguration: { Serializer: { ParquetSerDe: {} } },
  SchemaConfiguration: { RoleARN: s3.RoleARN, DatabaseName: 'shop', TableName: 'orders' },
};

/** Files that are the records themselves, made by converters that fail and tables that come and go, once deliveries have begun. */
function faultyConversions(world: SimulatedWorld, isCalm: () => boolean): Conversions {
  const fault = (): void => {
    if (!isCalm() && world.draw(12) === 0) throw new Error('the worker has failed');
  };
  const time = (): Promise<void> => new Promise((resolve) => world.clock.setTimer(world.draw(20), resolve));
  return {
    columns() {
      if (!isCalm() && world.draw(8) === 0) throw new AwsError('EntityNotFoundException', 'Table orders not found.');
      return [{ name: 'text', type: 'string' }];
    },
    async begin(_settings, sink) {
      await time();
      fault();
      let rows = 0;
      return {
        async add(records) {
          await time();
          fault();
          rows += records.length;
          for (const record of records) sink(new Uint8Array(record));
          return [];
        },
        async finish() {
          await time();
          fault();
          return { rows };
        },
        close: () => Promise.resolve(),
      };
    },
  };
}

function missing(bucket: Bucket, name: string, acknowledged: ReadonlySet<string>): string[] {
  const there = new Set(bucket.records(name));
  return [...acknowledged].filter((record) => !there.has(record));
}

function open(world: SimulatedWorld, bucket: Bucket): Promise<TestFirehose> {
  const log = { journalFileBytes: 16_384, hotBytes: 12_000 };
  return settle(
    world,
    openTestFirehose({
      world,
      directory: '/data',
      objects: faultyStore(world, bucket),
      // When there are no delivery streams yet, or the story is at its end.
      conversions: faultyConversions(world, () => bucket.isCalm),
      compressors: inlineCompressors,
      transitionMs: 5,
      log,
    }),
  );
}

/** One put after the other: the numbers of a delivery stream rise in the order of its records. */
export async function write(
  firehose: TestFirehose,
  world: SimulatedWorld,
  { name, acknowledged, number }: { name: string; acknowledged: Set<string>; number(): number },
): Promise<void> {
  for (;;) {
    const records = Array.from(
      { length: 1 + world.draw(4) },
      () => `${name} ${number()} ${'x'.repeat(world.draw(200))}`,
    );
    try {
      await firehose.call('PutRecordBatch', {
        DeliveryStreamName: name,
        Records: records.map((text) => ({ Data: Buffer.from(`${text}\n`).toString('base64') })),
      });
      for (const text of records) acknowledged.add(text);
    } catch {
      // Nobody knows: it may be delivered or not. After a refused write the log takes no more in this life.
      return;
    }
    await new Promise<void>((resolve) => world.clock.setTimer(world.draw(200), resolve));
  }
}
