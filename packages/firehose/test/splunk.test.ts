import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HttpAnswer, HttpRequest } from '@millrace/firehose';
import { movableFirehose, s3, until } from './support.ts';

type Opened = Awaited<ReturnType<typeof movableFirehose>>;

/** A collector that answers as it is told, and what it was sent. */
class Collector {
  readonly posts: HttpRequest[] = [];
  readonly asked: HttpRequest[] = [];
  isIndexed = true;
  take: (body: string) => HttpAnswer = () => success(this.posts.length);

  async send(request: HttpRequest): Promise<HttpAnswer> {
    if (request.url.includes('/ack?')) {
      this.asked.push(request);
      const { acks } = JSON.parse(String(request.body)) as { acks: number[] };
      return { status: 200, body: JSON.stringify({ acks: { [acks[0]!]: this.isIndexed } }) };
    }
    this.posts.push(request);
    return this.take(String(request.body));
  }

  bodies(): string[] {
    return this.posts.map(({ body }) => String(body));
  }
}

const success = (ackId: number): HttpAnswer => ({
  status: 200,
  body: JSON.stringify({ text: 'Success', code: 0, ackId }),
  cookies: ['AWSELB=here; Path=/'],
});
const refusal = (status: number, code: number): HttpAnswer => ({ status, body: JSON.stringify({ text: 'no', code }) });

async function withCollector(
  splunk: object,
  run: (firehose: Opened, collector: Collector) => Promise<void>,
): Promise<void> {
  const collector = new Collector();
  const firehose = await movableFirehose({ http: collector });
  try {
    await firehose.call('CreateDeliveryStream', {
      DeliveryStreamName: 'd',
      SplunkDestinationConfiguration: {
        HECEndpoint: 'https://splunk.example.com:8088',
        HECEndpointType: 'Raw',
        HECToken: 'token',
        BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 0 },
        S3Configuration: { ...s3, ErrorOutputPrefix: 'failed/!{firehose:error-output-type}/' },
        ...splunk,
      },
    });
    await firehose.untilActive('d');
    await run(firehose, collector);
  } finally {
    await firehose.end();
  }
}

async function put({ call }: Opened, ...texts: string[]): Promise<void> {
  const Records = texts.map((text) => ({ Data: Buffer.from(text).toString('base64') }));
  await call('PutRecordBatch', { DeliveryStreamName: 'd', Records });
}

const delivered = ({ firehose }: Opened): number => firehose.metrics()['records']!;

/** Moves the clock until the condition holds. */
async function moving({ world }: Opened, condition: () => boolean): Promise<void> {
  await until(() => {
    world.advance(1000);
    return condition();
  });
}

test('raw records go in one request, and are delivered when they are acknowledged', () =>
  withCollector({}, async (firehose, collector) => {
    collector.isIndexed = false;
    await put(firehose, 'one\n', 'two\n');
    await until(() => collector.asked.length > 0);
    assert.equal(delivered(firehose), 0);
    collector.isIndexed = true;
    await moving(firehose, () => delivered(firehose) === 2);
    const [post] = collector.posts;
    assert.equal(post!.url, 'https://splunk.example.com:8088/services/collector/raw');
    assert.deepEqual(collector.bodies(), ['one\ntwo\n']);
    const { authorization, 'x-splunk-request-channel': channel } = post!.headers;
    assert.equal(authorization, 'Splunk token');
    assert.match(channel!, /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/);
    const [asked] = collector.asked;
    assert.equal(asked!.url, `https://splunk.example.com:8088/services/collector/ack?channel=${channel!}`);
    assert.equal(asked!.headers['cookie'], 'AWSELB=here');
  }));

test('what is not acknowledged in its time is sent again, and stands at the error prefix when retry time is over', () =>
  withCollector({ RetryOptions: { DurationInSeconds: 200 } }, async (firehose, collector) => {
    collector.isIndexed = false;
    await put(firehose, 'one');
    await moving(firehose, () => delivered(firehose) === 1);
    assert.ok(collector.posts.length >= 2, String(collector.posts.length));
    const [{ key, body }] = firehose.objects.stored as [(typeof firehose.objects.stored)[number]];
    assert.match(key, /^failed\/splunk-failed\//);
    const line = JSON.parse(body.toString()) as Record<string, unknown>;
    assert.equal(line['errorCode'], 'Splunk.AckTimeout');
    assert.equal(line['attemptsMade'], collector.posts.length);
    assert.equal(line['rawData'], Buffer.from('one').toString('base64'));
  }));

test('a malformed event alone goes to the error prefix, at once', () =>
  withCollector({ HECEndpointType: 'Event' }, async (firehose, collector) => {
    const indexed: string[] = [];
    collector.take = (body) => {
      if (body.includes('bad')) return refusal(400, 6);
      indexed.push(body);
      return success(collector.posts.length);
    };
    const events = ['a', 'b', 'bad', 'c', 'd'].map((event) => JSON.stringify({ event }));
    await put(firehose, ...events);
    await until(() => delivered(firehose) === 5);
    assert.equal(indexed.join(''), events.filter((event) => !event.includes('bad')).join(''));
    assert.match(collector.posts[0]!.url, /\/services\/collector\/event$/);
    assert.equal(firehose.objects.stored.length, 1);
    const line = JSON.parse(firehose.objects.stored[0]!.body.toString()) as Record<string, unknown>;
    assert.equal(line['errorCode'], 'Splunk.InvalidDataFormat');
    assert.equal(Buffer.from(String(line['rawData']), 'base64').toString(), '{"event":"bad"}');
  }));

test('where one half is not acknowledged in its time, the others are not waited for in the same try', () =>
  withCollector({ HECEndpointType: 'Event', RetryOptions: { DurationInSeconds: 0 } }, async (firehose, collector) => {
    collector.take = (body) => (body.includes('bad') ? refusal(400, 6) : success(1));
    collector.isIndexed = false;
    const names = ['a', 'bad', 'b', 'bad', 'c', 'bad', 'd', 'bad'];
    await put(firehose, ...names.map((event) => JSON.stringify({ event })));
    await moving(firehose, () => delivered(firehose) === 8);
    // All, the first half, its first half, and of that the first record.
    assert.equal(collector.posts.length, 4);
    const lines = firehose.objects.stored.flatMap(({ body }) => String(body).trim().split('\n'));
    assert.equal(lines.length, 8);
  }));

for (const [answer, code] of [
  [refusal(503, 9), 'Splunk.IndexerBusy'],
  [refusal(403, 4), 'Splunk.InvalidToken'],
  [refusal(403, 1), 'Splunk.DisabledToken'],
  [refusal(400, 7), 'Splunk.InvalidIndex'],
  [refusal(500, 8), 'Splunk.ServerError'],
  [refusal(404, 404), 'Splunk.URLNotFound'],
  [refusal(413, 0), 'Splunk.ServerError.ContentTooLarge'],
  [{ status: 200, body: '{"text":"Success","code":0}' }, 'Splunk.DisabledAck'],
  [{ status: 502, body: '<html>' }, 'Splunk.ServerError'],
] as const)
  test(`${answer.status} ${answer.body} is ${code}`, () =>
    withCollector({ RetryOptions: { DurationInSeconds: 0 } }, async (firehose, collector) => {
      collector.take = () => answer;
      await put(firehose, 'one');
      await until(() => delivered(firehose) === 1);
      assert.equal((JSON.parse(firehose.objects.stored[0]!.body.toString()) as { errorCode: string }).errorCode, code);
    }));

test('a collector that is busy is tried again, and everything is kept where that is asked for', () =>
  withCollector({ S3BackupMode: 'AllEvents' }, async (firehose, collector) => {
    let busy = 3;
    collector.take = () => (busy-- > 0 ? refusal(503, 9) : success(1));
    await put(firehose, 'one');
    await moving(firehose, () => delivered(firehose) === 1);
    assert.equal(collector.posts.length, 4);
    assert.deepEqual(
      firehose.objects.stored.map(({ body }) => body.toString()),
      ['one'],
    );
  }));

test('defaults are AWSs; an update leaves what it does not name; wrong endpoints and tokens are refused', () =>
  withCollector({ BufferingHints: undefined }, async (firehose) => {
    const described = async (): Promise<Record<string, unknown>> => {
      const { DeliveryStreamDescription: description } = await firehose.call('DescribeDeliveryStream', {
        DeliveryStreamName: 'd',
      });
      const [destination] = (description as { Destinations: Record<string, unknown>[] }).Destinations;
      return destination!['SplunkDestinationDescription'] as Record<string, unknown>;
    };
    const { S3DestinationDescription: bucket, ...splunk } = await described();
    assert.equal((bucket as { BucketARN: string }).BucketARN, s3.BucketARN);
    assert.deepEqual(splunk, {
      HECEndpoint: 'https://splunk.example.com:8088',
      HECEndpointType: 'Raw',
      HECToken: 'token',
      HECAcknowledgmentTimeoutInSeconds: 180,
      BufferingHints: { SizeInMBs: 5, IntervalInSeconds: 60 },
      RetryOptions: { DurationInSeconds: 300 },
      S3BackupMode: 'FailedEventsOnly',
      ProcessingConfiguration: { Enabled: false, Processors: [] },
      CloudWatchLoggingOptions: { Enabled: false },
    });
    const update = (SplunkDestinationUpdate: object): Promise<string> =>
      firehose.refusal('UpdateDestination', {
        DeliveryStreamName: 'd',
        DestinationId: 'destinationId-000000000001',
        CurrentDeliveryStreamVersionId: '1',
        SplunkDestinationUpdate,
      });
    assert.match(await update({ HECEndpoint: 'splunk:8088' }), /^InvalidArgumentException: HECEndpoint is no URL/);
    assert.match(await update({ HECToken: 'a b' }), /^InvalidArgumentException: HECToken/);
    assert.equal(await update({ HECEndpointType: 'Event' }), 'nothing');
    const after = await described();
    assert.equal(after['HECEndpointType'], 'Event');
    assert.equal(after['HECToken'], 'token');
  }));
