import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { realWorld } from '@millrace/world';
import { Partitions } from '../src/destinations/s3/partitions.ts';
import { openJqEngine } from '../src/processing/jq/jq-engine.ts';
import type { ProcessedRecord } from '../src/processing/processed-record.ts';
import { movableFirehose, s3, until } from './support.ts';
import type { TestOptions } from './support.ts';

type Opened = Awaited<ReturnType<typeof movableFirehose>>;

const processor = (Type: string, parameters: Readonly<Record<string, string>> = {}): object => ({
  Type,
  Parameters: Object.entries(parameters).map(([ParameterName, ParameterValue]) => ({ ParameterName, ParameterValue })),
});
const extraction = (MetadataExtractionQuery: string): object =>
  processor('MetadataExtraction', { MetadataExtractionQuery, JsonParsingEngine: 'JQ-1.6' });

function partitioned(query: string, prefix: string, ...more: object[]): object {
  return {
    ...s3,
    BufferingHints: { SizeInMBs: 64, IntervalInSeconds: 60 },
    Prefix: prefix,
    ErrorOutputPrefix: 'bad/!{firehose:error-output-type}/',
    DynamicPartitioningConfiguration: { Enabled: true },
    ProcessingConfiguration: { Enabled: true, Processors: [...more, extraction(query)] },
  };
}

async function withStream(
  destination: object,
  run: (firehose: Opened) => Promise<void>,
  options: Partial<TestOptions> = {},
): Promise<void> {
  const firehose = await movableFirehose(options);
  try {
    await firehose.call('CreateDeliveryStream', {
      DeliveryStreamName: 'd',
      ExtendedS3DestinationConfiguration: destination,
    });
    await firehose.untilActive('d');
    await run(firehose);
  } finally {
    await firehose.end();
  }
}

async function put({ call }: Opened, ...values: (object | string)[]): Promise<void> {
  const Records = values.map((value) => ({
    Data: Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64'),
  }));
  await call('PutRecordBatch', { DeliveryStreamName: 'd', Records });
}

async function delivered({ world, objects }: Opened, count: number): Promise<void> {
  await until(() => {
    if (objects.stored.length < count) world.advance(60_000);
    return objects.stored.length >= count;
  });
}

/** Objects by the part of their names before the delivery stream's. */
function byPrefix({ objects }: Opened): Record<string, string> {
  return Object.fromEntries(
    objects.stored.map(({ key, body }) => [key.replace(/(\d{4}\/\d\d\/\d\d\/\d\d\/)?d-1-.*$/, ''), String(body)]),
  );
}

test('records go below the prefixes that jq makes of them, in their order, each object by itself', () =>
  withStream(
    partitioned(
      '{customer:.customer_id,year:.at|strftime("%Y"),device:(.type.device // "none")}',
      'c=!{partitionKeyFromQuery:customer}/y=!{partitionKeyFromQuery:year}/d=!{partitionKeyFromQuery:device}/',
      processor('RecordDeAggregation', { SubRecordType: 'JSON' }),
      processor('AppendDelimiterToRecord', { Delimiter: '\\n' }),
    ),
    async (firehose) => {
      const one = { customer_id: 7, at: 1_565_382_027, type: { device: 'mobile' } };
      const two = { customer_id: 'x/y', at: 0 };
      await put(firehose, `${JSON.stringify(one)}${JSON.stringify(two)}`, { ...one, n: 2 }, { ...one, n: 3 });
      await delivered(firehose, 2);
      assert.deepEqual(byPrefix(firehose), {
        'c=7/y=2019/d=mobile/': [one, { ...one, n: 2 }, { ...one, n: 3 }]
          .map((each) => `${JSON.stringify(each)}\n`)
          .join(''),
        'c=x/y/y=1970/d=none/': `${JSON.stringify(two)}\n`,
      });
    },
  ));

test('an error prefix that no object could be stored below is refused', () =>
  withStream(s3, async ({ refusal, call }) => {
    const destination = (length: number): object => ({
      ...s3,
      ErrorOutputPrefix: `${'e'.repeat(length)}/!{firehose:error-output-type}/`,
    });
    const create = (name: string, length: number): object => ({
      DeliveryStreamName: name,
      ExtendedS3DestinationConfiguration: destination(length),
    });
    // Behind it: dynamic-partitioning-failed/2026/09/30/22/e-9999-2026-09-30-22-22-22-UUID and two slashes.
    assert.match(
      await refusal('CreateDeliveryStream', create('e', 919)),
      /InvalidArgumentException: ErrorOutputPrefix makes names of objects that are longer than the 1024 bytes/,
    );
    await call('CreateDeliveryStream', create('f', 918));
    const update = { ExtendedS3DestinationUpdate: destination(919), DestinationId: 'destinationId-000000000001' };
    assert.match(
      await refusal('UpdateDestination', { DeliveryStreamName: 'd', CurrentDeliveryStreamVersionId: '1', ...update }),
      /ErrorOutputPrefix makes names/,
    );
  }));

test('what has no keys goes to the error prefix, with the reason', () =>
  withStream(partitioned('{k:.k}', 'k=!{partitionKeyFromQuery:k}/'), async (firehose) => {
    const fine = ['{\n"k":\ntrue}', '{"k":true,"pair":"\\ud83d\\ude00"}\n'];
    const wrong = [
      'no json',
      '{"k":1}{"k":2}',
      '{"k":1}\0',
      '{"k":1}\n{"k":2}',
      '',
      '{}',
      '{"k":""}',
      '{"k":{}}',
      '[]',
      '{"k":"../up"}',
      '{"k":"\\u0000"}',
      JSON.stringify({ k: 'x'.repeat(600) }),
    ];
    await put(firehose, ...wrong, ...fine);
    await delivered(firehose, 2);
    const { 'bad/metadata-extraction-failed/': bad, ...good } = byPrefix(firehose);
    assert.deepEqual(good, { 'k=true/': fine.join('') });
    const lines = bad!
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, string>);
    assert.deepEqual(
      new Map(lines.map(({ rawData, errorMessage }) => [String(Buffer.from(rawData!, 'base64')), errorMessage])),
      new Map([
        ['no json', 'Non JSON record provided'],
        ['{"k":1}{"k":2}', 'Non JSON record provided'],
        ['{"k":1}\0', 'Non JSON record provided'],
        ['{"k":1}\n{"k":2}', 'Non JSON record provided'],
        ['', 'Non JSON record provided'],
        ['[]', 'Cannot index array with string ("k")'],
        ['{}', 'The partition key k is null or empty.'],
        ['{"k":""}', 'The partition key k is null or empty.'],
        ['{"k":{}}', 'The partition key k is null or empty.'],
        ['{"k":"../up"}', "The partition key k has a part that is '.' or '..'."],
        ['{"k":"\\u0000"}', 'The partition key k has a character that names of objects cannot have.'],
        [wrong.at(-1)!, 'The partition keys make a prefix that is too long.'],
      ]),
    );
    for (const { errorCode } of lines) assert.equal(errorCode, 'DynamicPartitioning.MetadataExtractionFailed');
  }));

test(
  'a query that does not end, or wants all memory, fails the record that it met; the others are delivered',
  { timeout: 60_000 },
  () =>
    withStream(
      partitioned(
        'if .bad == 1 then [range(1e9)] | {k: length} else if .bad == 2 then last(repeat(1)) else {k:.k} end end',
        'k=!{partitionKeyFromQuery:k}/',
      ),
      async (firehose) => {
        await put(firehose, { k: 'a', n: 1 }, { bad: 2 }, { bad: 1 }, { k: 'a', n: 2 });
        await until(() => {
          firehose.world.advance(1000);
          return firehose.objects.stored.length === 2;
        }, 50_000);
        const { 'bad/metadata-extraction-failed/': bad, ...good } = byPrefix(firehose);
        assert.deepEqual(good, { 'k=a/': '{"k":"a","n":1}{"k":"a","n":2}' });
        assert.equal(bad!.trimEnd().split('\n').length, 2);
      },
      { queries: openJqEngine(realWorld(), { callMs: 3000, textMs: 1500 }) },
    ),
);

test('beyond the active partitions that there may be, records of others go to activePartitionExceeded', () =>
  withStream(
    partitioned('{k:.k}', 'k=!{partitionKeyFromQuery:k}/'),
    async (firehose) => {
      await put(firehose, { k: 1 }, { k: 2 }, { k: 3 }, { k: 1 });
      await delivered(firehose, 3);
      const { 'bad/activePartitionExceeded/': bad, ...good } = byPrefix(firehose);
      assert.deepEqual(good, { 'k=1/': '{"k":1}{"k":1}', 'k=2/': '{"k":2}' });
      assert.match(bad!, /"errorCode":"DynamicPartitioning.ActivePartitionsLimitExceeded"/);
      const samples = new Map([...firehose.firehose.samples()].map(({ name, value }) => [name, value]));
      assert.equal(samples.get('PartitionCount'), 2);
      assert.equal(samples.get('PartitionCountExceeded'), 1);
      assert.equal(samples.get('JQProcessing.Duration.Count'), 1);
    },
    { activePartitions: 2 },
  ));

test('keys of a function and of a query in one prefix', () =>
  withStream(
    partitioned(
      '{q:.q}',
      '!{partitionKeyFromLambda:l}/!{partitionKeyFromQuery:q}/',
      processor('Lambda', { LambdaArn: 'arn:aws:lambda:us-east-1:000000000000:function:f' }),
    ),
    async (firehose) => {
      await put(firehose, { q: 1 }, { q: 2 });
      await delivered(firehose, 2);
      assert.deepEqual(byPrefix(firehose), { 'from f/1/': '{"q":1}', 'from f/2/': '{"q":2}' });
    },
    {
      functions: {
        async invoke({ payload }) {
          const { records } = JSON.parse(String(payload)) as { records: { recordId: string; data: string }[] };
          const answers = records.map(({ recordId, data }) => ({
            recordId,
            data,
            result: 'Ok',
            metadata: { partitionKeys: { l: 'from f' } },
          }));
          return { payload: Buffer.from(JSON.stringify({ records: answers })), isError: false };
        },
      },
    },
  ));

test('a partition that cannot be stored is tried again under its name, and goes to the error prefix when its time is over', () =>
  withStream(
    {
      ...partitioned('{k:.k}', 'k=!{partitionKeyFromQuery:k}/'),
      DynamicPartitioningConfiguration: { Enabled: true, RetryOptions: { DurationInSeconds: 100 } },
    },
    async (firehose) => {
      const keep = firehose.objects.put.bind(firehose.objects);
      const refused: string[] = [];
      firehose.objects.put = (object) => {
        if (!object.key.startsWith('k=bad/')) return keep(object);
        refused.push(object.key);
        return Promise.reject(new Error('403 denied'));
      };
      await put(firehose, { k: 'good' }, { k: 'bad' });
      await until(() => {
        firehose.world.advance(1000);
        return firehose.objects.stored.some(({ key }) => key.startsWith('bad/'));
      });
      assert.ok(refused.length > 1);
      assert.equal(new Set(refused).size, 1);
      const { 'bad/dynamic-partitioning-failed/': bad, 'k=good/': good } = byPrefix(firehose);
      assert.equal(good, '{"k":"good"}');
      assert.match(bad!, /"errorMessage":"403 denied"/);
    },
  ));

test('partitioning that cannot be is refused', async () => {
  const firehose = await movableFirehose();
  try {
    const refused = (destination: object): Promise<string> =>
      firehose.refusal('CreateDeliveryStream', {
        DeliveryStreamName: 'd',
        ExtendedS3DestinationConfiguration: destination,
      });
    const fine = partitioned('{k:.k}', '!{partitionKeyFromQuery:k}/');
    for (const [change, message] of [
      [{ DynamicPartitioningConfiguration: { Enabled: false } }, /MetadataExtractionProcessor can only be present/],
      [
        { DynamicPartitioningConfiguration: { Enabled: false }, ProcessingConfiguration: { Enabled: false } },
        /Namespaces can only be part of a prefix expression when Dynamic Partitioning is enabled/,
      ],
      [{ Prefix: 'plain/' }, /should contain Dynamic Partitioning namespaces/],
      [{ Prefix: undefined }, /should contain Dynamic Partitioning namespaces/],
      [{ Prefix: '!{partitionKeyFromLambda:k}/' }, /no processor Lambda makes it/],
      [{ ErrorOutputPrefix: undefined }, /ErrorOutputPrefix cannot be null/],
      [{ ErrorOutputPrefix: '!{partitionKeyFromQuery:k}/!{firehose:error-output-type}/' }, /which it cannot have/],
      [{ BufferingHints: { SizeInMBs: 63, IntervalInSeconds: 60 } }, /at least 64/],
      [{ BufferingHints: { SizeInMBs: 64, IntervalInSeconds: 0 } }, /Zero buffering/],
      [
        { ProcessingConfiguration: { Enabled: true, Processors: [extraction('{k:')] } },
        /cannot be run: .*syntax error/,
      ],
      [{ ProcessingConfiguration: { Enabled: true, Processors: [extraction('.k) | (.k')] } }, /cannot be run/],
      [
        { ProcessingConfiguration: { Enabled: true, Processors: [processor('MetadataExtraction', {})] } },
        /must have the parameters/,
      ],
    ] as [object, RegExp][])
      assert.match(await refused({ ...fine, ...change }), message, JSON.stringify(change));
    assert.equal(await refused(fine), 'nothing');
    await firehose.untilActive('d');
    await firehose.call('CreateDeliveryStream', {
      DeliveryStreamName: 'plain',
      ExtendedS3DestinationConfiguration: s3,
    });
    await firehose.untilActive('plain');
    const { BucketARN: _, RoleARN: __, ...rest } = fine as Record<string, unknown>;
    assert.match(
      await firehose.refusal('UpdateDestination', {
        DeliveryStreamName: 'plain',
        CurrentDeliveryStreamVersionId: '1',
        DestinationId: 'destinationId-000000000001',
        ExtendedS3DestinationUpdate: rest,
      }),
      /Dynamic partitioning cannot be enabled for a Firehose stream that was created without it/,
    );
    const update = (version: number, ExtendedS3DestinationUpdate: object): Promise<string> =>
      firehose.refusal('UpdateDestination', {
        DeliveryStreamName: 'd',
        CurrentDeliveryStreamVersionId: String(version),
        DestinationId: 'destinationId-000000000001',
        ExtendedS3DestinationUpdate,
      });
    const described = async (): Promise<unknown> => {
      const { DeliveryStreamDescription: description } = (await firehose.call('DescribeDeliveryStream', {
        DeliveryStreamName: 'd',
      })) as { DeliveryStreamDescription: { Destinations: { ExtendedS3DestinationDescription: object }[] } };
      const { ExtendedS3DestinationDescription: s3Description } = description.Destinations[0]!;
      return (s3Description as Record<string, unknown>)['DynamicPartitioningConfiguration'];
    };
    assert.deepEqual(await described(), { Enabled: true, RetryOptions: { DurationInSeconds: 300 } });
    assert.match(await update(1, { Prefix: 'plain/' }), /should contain Dynamic Partitioning namespaces/);
    const seconds = { RetryOptions: { DurationInSeconds: 7 } };
    assert.equal(await update(1, { DynamicPartitioningConfiguration: seconds }), 'nothing');
    assert.deepEqual(await described(), { Enabled: true, ...seconds });
  } finally {
    await firehose.end();
  }
});

test('what has no keys is told as it came in, whatever was made of it', () =>
  withStream(
    partitioned(
      '{k:.k}',
      'k=!{partitionKeyFromQuery:k}/',
      processor('Decompression'),
      processor('AppendDelimiterToRecord'),
    ),
    async (firehose) => {
      const Data = gzipSync('{"k":""}').toString('base64');
      await firehose.call('PutRecord', { DeliveryStreamName: 'd', Record: { Data } });
      await delivered(firehose, 1);
      const { 'bad/metadata-extraction-failed/': bad } = byPrefix(firehose);
      assert.equal((JSON.parse(bad!) as { rawData: string }).rawData, Data);
    },
  ));

test('records of a partition are counted with what each takes, and keep nothing of what they came in', () => {
  const partitions = new Partitions('!{partitionKeyFromQuery:k}/', 1);
  const lent = Buffer.alloc(1 << 20);
  const shard = { shardId: 's', sequenceNumber: () => '1', logId: 1, parents: [] } as never;
  const data = lent.subarray(0, 2);
  const source = { data, arrivalMs: 0, index: 0, origin: { logId: 1, shard }, part: undefined };
  const record = { data, arrivalMs: 0, logId: 1, index: 0, piece: 0, source, keys: { query: { k: 'v' } } };
  partitions.add(Array.from({ length: 1000 }, () => record));
  assert.ok(partitions.heldBytes > 300_000);
  const [{ records }] = [...partitions.all.values()] as unknown as [{ records: ProcessedRecord[] }];
  for (const one of records) {
    assert.notEqual(one.data.buffer, lent.buffer);
    assert.notEqual(one.source?.data.buffer, lent.buffer);
    assert.equal(one.source?.origin.shard, shard);
  }
});

test('who stops does not wait for a query', { timeout: 30_000 }, async () => {
  const begun = Promise.withResolvers<void>();
  const queries = {
    check: () => Promise.resolve(undefined),
    run: (): Promise<never> => {
      begun.resolve();
      return new Promise(() => undefined);
    },
    stop: () => Promise.resolve(),
  };
  const firehose = await movableFirehose({ queries });
  await firehose.call('CreateDeliveryStream', {
    DeliveryStreamName: 'd',
    ExtendedS3DestinationConfiguration: partitioned('{k:.k}', 'k=!{partitionKeyFromQuery:k}/'),
  });
  await firehose.untilActive('d');
  await put(firehose, { k: 1 });
  firehose.world.advance(60_000);
  await begun.promise;
  const ended = firehose.end();
  firehose.world.advance(10_000);
  await ended;
});
