import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { MemoryObjects, movableFirehose, s3, until } from './support.ts';

type Opened = Awaited<ReturnType<typeof movableFirehose>>;

async function put(firehose: Opened, ...texts: string[]): Promise<void> {
  const records = texts.map((text) => ({ Data: Buffer.from(text).toString('base64') }));
  const answer = await firehose.call('PutRecordBatch', { DeliveryStreamName: 'd', Records: records });
  assert.equal(answer['FailedPutCount'], 0);
}

async function create(firehose: Opened, extended: object = {}): Promise<void> {
  await firehose.call('CreateDeliveryStream', {
    DeliveryStreamName: 'd',
    ExtendedS3DestinationConfiguration: { ...s3, ...extended },
  });
  await firehose.untilActive('d');
}

/** Has what waits delivered by letting its time pass. */
async function deliver(firehose: Opened, ms: number, objects: number): Promise<void> {
  // The deliverer may not have looked yet: time that passes before it counts all the same, by the arrival.
  await until(() => {
    firehose.world.advance(ms);
    return firehose.objects.stored.length >= objects;
  });
}

test('an object holds what came in, in order, when the oldest record has waited its time', async () => {
  const firehose = await movableFirehose();
  try {
    await create(firehose);
    await put(firehose, 'one\n', 'two\n');
    await put(firehose, 'three\n');
    firehose.world.advance(299_000);
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(firehose.objects.stored.length, 0, 'not before its time');
    await deliver(firehose, 1000, 1);
    const [object] = firehose.objects.stored;
    assert.equal(String(object!.body), 'one\ntwo\nthree\n');
    assert.equal(object!.bucket, 'logs');
    assert.match(object!.key, /^\d{4}\/\d\d\/\d\d\/\d\d\/d-1-\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d-[0-9a-f-]{36}$/);
  } finally {
    await firehose.end();
  }
});

test('an object is delivered as soon as there are as many bytes as the hints want, and no more go in', async () => {
  const firehose = await movableFirehose();
  try {
    await create(firehose, { BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 900 } });
    const kibibytes = 'x'.repeat(300 * 1024);
    await put(firehose, ...Array<string>(4).fill(kibibytes));
    await put(firehose, ...Array<string>(4).fill(kibibytes));
    await until(() => firehose.objects.stored.length === 2);
    assert.deepEqual(
      firehose.objects.stored.map(({ body }) => body.length),
      [900 * 1024, 900 * 1024],
    );
    await deliver(firehose, 900_000, 3);
    assert.equal(firehose.objects.stored[2]!.body.length, 600 * 1024);
  } finally {
    await firehose.end();
  }
});

test('GZIP, a prefix with expressions and a time zone, an extension', async () => {
  const firehose = await movableFirehose();
  try {
    await create(firehose, {
      BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 0 },
      CompressionFormat: 'GZIP',
      Prefix: "in/!{firehose:random-string}/year=!{timestamp:yyyy}/!{timestamp:'h'HH}/",
      ErrorOutputPrefix: 'bad/!{firehose:error-output-type}/',
      CustomTimeZone: 'Asia/Tokyo',
    });
    await put(firehose, 'text');
    await until(() => firehose.objects.stored.length === 1);
    const [object] = firehose.objects.stored;
    assert.equal(String(gunzipSync(object!.body)), 'text');
    const hour = String((new Date(firehose.world.clock.now()).getUTCHours() + 9) % 24).padStart(2, '0');
    assert.match(object!.key, new RegExp(`^in/[A-Za-z0-9]{11}/year=\\d{4}/h${hour}/d-1-.*\\.gz$`));
  } finally {
    await firehose.end();
  }
});

test('what S3 refused is put again as it was, under the same name, and what has come since goes into the next object', async () => {
  const firehose = await movableFirehose();
  const names: string[] = [];
  const randomPrefix = { Prefix: '!{firehose:random-string}/', ErrorOutputPrefix: '!{firehose:error-output-type}/' };
  const keep = firehose.objects.put.bind(firehose.objects);
  firehose.objects.put = (object) => {
    names.push(object.key);
    return names.length < 3 ? Promise.reject(new Error('503 Slow Down')) : keep(object);
  };
  try {
    await create(firehose, { BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 0 }, ...randomPrefix });
    await put(firehose, 'one ');
    await until(() => names.length === 1);
    await put(firehose, 'two ');
    await deliver(firehose, 60_000, 2);
    assert.equal(new Set(names).size, 2);
    assert.deepEqual(
      firehose.objects.stored.map(({ body }) => String(body)),
      ['one ', 'two '],
    );
    assert.equal(firehose.firehose.metrics()['failures'], 2);
  } finally {
    await firehose.end();
  }
});

test('a put that was given up and lands after all takes nothing out of the object that was put again', async () => {
  const firehose = await movableFirehose();
  const bucket = new Map<string, string>();
  let land: (() => void) | undefined;
  firehose.objects.put = async ({ key, body }) => {
    const text = String(Buffer.concat(body));
    if (land !== undefined) return void bucket.set(key, text);
    land = () => void bucket.set(key, text);
    throw new Error('a timeout');
  };
  try {
    await create(firehose, { BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 0 } });
    await put(firehose, 'one ');
    await until(() => land !== undefined);
    await put(firehose, 'two ');
    await until(() => {
      firehose.world.advance(60_000);
      return [...bucket.values()].join('').includes('two ');
    });
    land!();
    assert.deepEqual([...bucket.values()].join('').match(/\w+ /g)?.toSorted(), ['one ', 'two ']);
  } finally {
    await firehose.end();
  }
});

test('a store that hangs for ever holds up neither the stop nor those that wait for room', async () => {
  // Room for four of these.
  const firehose = await movableFirehose({ deliveryBytes: 9 << 20 });
  let hanging = 0;
  firehose.objects.put = ({ signal }) => {
    hanging += 1;
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('given up'))));
  };
  try {
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
      const hints = { BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 0 } };
      await firehose.call('CreateDeliveryStream', {
        DeliveryStreamName: name,
        ExtendedS3DestinationConfiguration: { ...s3, ...hints },
      });
      await firehose.untilActive(name);
      await firehose.call('PutRecord', { DeliveryStreamName: name, Record: { Data: 'eA==' } });
    }
    await until(() => hanging === 4);
  } finally {
    const ended = firehose.end();
    await new Promise((resolve) => setTimeout(resolve, 20));
    firehose.world.advance(10_000);
    await ended;
  }
  assert.equal(hanging, 4, 'none was begun while stopping');
});

test('a store that does not hear that it is given up does not hold up the stop', async () => {
  const firehose = await movableFirehose();
  let hanging = 0;
  firehose.objects.put = () => {
    hanging += 1;
    return new Promise(() => undefined);
  };
  await create(firehose, { BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 0 } });
  await put(firehose, 'one');
  await until(() => hanging === 1);
  let hasEnded = false;
  const ended = firehose.end().then(() => (hasEnded = true));
  await until(() => {
    firehose.world.advance(1000);
    return hasEnded;
  });
  await ended;
});

test('records that could not be delivered in 24 hours are given up, and counted', async () => {
  const firehose = await movableFirehose();
  let isDown = true;
  const keep = firehose.objects.put.bind(firehose.objects);
  firehose.objects.put = (object) => (isDown ? Promise.reject(new Error('down')) : keep(object));
  const failures = (): number => firehose.firehose.metrics()['failures']!;
  try {
    await create(firehose, { BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 0 } });
    await put(firehose, 'old');
    await until(() => failures() > 0);
    firehose.world.advance(24 * 3_600_000 + 1);
    await put(firehose, 'new');
    // A pause is a minute at most: each of these is one more attempt. More would let the new record expire too.
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const before = failures();
      firehose.world.advance(60_000);
      await until(() => failures() > before);
    }
    isDown = false;
    firehose.world.advance(60_000);
    await until(() => firehose.objects.stored.length === 1);
    assert.equal(String(firehose.objects.stored[0]!.body), 'new');
    // Counted when the position behind it is on record.
    await until(() => firehose.firehose.metrics()['expired'] === 1);
  } finally {
    await firehose.end();
  }
});

test('what expired is told though nothing comes after it', async () => {
  const told: string[] = [];
  const firehose = await movableFirehose({ report: (message) => void told.push(message) });
  firehose.objects.put = () => Promise.reject(new Error('down'));
  try {
    await create(firehose, { BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 0 } });
    await put(firehose, 'old', 'as old');
    await until(() => firehose.firehose.metrics()['failures']! > 0);
    firehose.world.advance(24 * 3_600_000 + 1);
    await until(() => firehose.firehose.metrics()['expired'] === 2);
    assert.equal(told.at(-1), 'of 000000000000:us-east-1:d 2 records expired before they could be delivered');
  } finally {
    await firehose.end();
  }
});

test('what waits is delivered by hints that were updated meanwhile', async () => {
  const firehose = await movableFirehose();
  try {
    await create(firehose, { BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 900 } });
    await put(firehose, 'one');
    await new Promise((resolve) => setTimeout(resolve, 20));
    await firehose.call('UpdateDestination', {
      DeliveryStreamName: 'd',
      CurrentDeliveryStreamVersionId: '1',
      DestinationId: 'destinationId-000000000001',
      S3DestinationUpdate: { BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 0 } },
    });
    firehose.world.advance(10_000);
    await until(() => firehose.objects.stored.length === 1);
  } finally {
    await firehose.end();
  }
});

test('a buffer grows while delivery is behind, and has its size again when it has caught up', async () => {
  const held = Promise.withResolvers<void>();
  class HeldObjects extends MemoryObjects {
    override async put(object: Parameters<MemoryObjects['put']>[0]): Promise<void> {
      await held.promise;
      await super.put(object);
    }
  }
  const objects = new HeldObjects();
  const firehose = await movableFirehose({ objects });
  try {
    await create(firehose, { BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 900 } });
    const texts = Array.from({ length: 60 }, (_, number) => `${String(number).padStart(4)} ${'x'.repeat(300 * 1024)}`);
    for (let start = 0; start < texts.length; start += 10) await put(firehose, ...texts.slice(start, start + 10));
    held.resolve();
    const sizes = (): number[] => objects.stored.map(({ body }) => Math.round(body.length / (300 * 1024)));
    const count = (): number => sizes().reduce((sum, size) => sum + size, 0);
    await until(() => count() > 20);
    // What is left fills no buffer.
    await deliver(firehose, 900_000, 0);
    await until(() => count() === texts.length);
    assert.equal(objects.stored.map(({ body }) => String(body)).join(''), texts.join(''));
    // The first may have been looked at while records came in.
    assert.match(String(sizes()), /^3,3,(3,)?6,13,/);
    objects.stored.length = 0;
    await put(firehose, ...texts.slice(0, 4));
    await until(() => sizes().length === 1);
    assert.deepEqual(sizes(), [3]);
  } finally {
    await firehose.end();
  }
});
