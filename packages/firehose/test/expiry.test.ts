import assert from 'node:assert/strict';
import { test } from 'node:test';
import { movableFirehose, s3, until } from './support.ts';

const arn = 'arn:aws:kinesis:us-east-1:000000000000:stream/source';

test('a record that expires between two tries does not pass for another', async () => {
  const tries: string[][] = [];
  const indexed: string[] = [];
  const firehose = await movableFirehose({
    sources: {
      find: () => ({
        id: 'a',
        shards: [{ logId: 1, parents: [], endIndex: undefined, shardId: 'shardId-1', sequenceNumber: String }],
      }),
    },
    http: {
      async send({ body }) {
        const documents = String(body)
          .split('\n')
          .filter((_, line) => line % 2 === 1);
        tries.push(documents);
        // The first try takes the first document only.
        const items = documents.map((document, place) => {
          const isTaken = tries.length > 1 || place === 0;
          if (isTaken) indexed.push(document);
          return { index: { status: isTaken ? 201 : 429 } };
        });
        return { status: 200, body: JSON.stringify({ items }) };
      },
    },
  });
  try {
    const { service } = firehose.firehose;
    const { log } = service;
    await log.create(1);
    await firehose.call('CreateDeliveryStream', {
      DeliveryStreamName: 'd',
      DeliveryStreamType: 'KinesisStreamAsSource',
      KinesisStreamSourceConfiguration: { KinesisStreamARN: arn, RoleARN: s3.RoleARN },
      AmazonopensearchserviceDestinationConfiguration: {
        ClusterEndpoint: 'https://search.example',
        IndexName: 'logs',
        RoleARN: s3.RoleARN,
        BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 5 },
        S3Configuration: s3,
      },
    });
    await firehose.untilActive('d');
    for (const n of [1, 2]) {
      await log.append(1, [{ partitionKey: 'k', data: Buffer.from(`{"n":${n}}`) }], 0);
      firehose.world.advance(1000);
    }
    const secondMs = (await log.read(1, 1, { maxRecords: 1, maxBytes: 1 })).records[0]!.arrivalMs;
    // Between the look whether all is there still, and the reading.
    const read = log.read.bind(log);
    let hasExpired = false;
    log.read = async (logId, from, limits) => {
      const found = await read(logId, from, limits);
      if (tries.length === 1 && limits.maxRecords === 1 && !hasExpired) {
        hasExpired = true;
        await log.trim(logId, secondMs);
      }
      return found;
    };
    await until(() => {
      firehose.world.advance(5000);
      return firehose.firehose.metrics()['records']! > 0;
    });
    assert.ok(hasExpired);
    assert.deepEqual(indexed, ['{"n":1}', '{"n":2}']);
    assert.equal(firehose.firehose.metrics()['expired'], 1);
  } finally {
    await firehose.end();
  }
});
