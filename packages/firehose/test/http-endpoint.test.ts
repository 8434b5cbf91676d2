import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { HttpAnswer, HttpRequest } from '@millrace/firehose';
import { movableFirehose, s3, until } from './support.ts';

type Opened = Awaited<ReturnType<typeof movableFirehose>>;
interface Body {
  readonly requestId: string;
  readonly timestamp: number;
  readonly records: readonly { readonly data: string }[];
}

/** An endpoint that answers as it is told, and what it was sent. */
class Endpoint {
  readonly posts: HttpRequest[] = [];
  answer: (body: Body) => HttpAnswer | Promise<HttpAnswer> = taken;

  async send(request: HttpRequest): Promise<HttpAnswer> {
    this.posts.push(request);
    return this.answer(bodyOf(request));
  }
}

function taken({ requestId }: Body): HttpAnswer {
  return { status: 200, body: JSON.stringify({ requestId, timestamp: 1 }) };
}

function bodyOf({ headers, body }: HttpRequest): Body {
  return JSON.parse(String(headers['content-encoding'] === 'gzip' ? gunzipSync(body!) : body)) as Body;
}

async function withEndpoint(http: object, run: (firehose: Opened, endpoint: Endpoint) => Promise<void>): Promise<void> {
  const endpoint = new Endpoint();
  const firehose = await movableFirehose({ http: endpoint });
  try {
    await firehose.call('CreateDeliveryStream', {
      DeliveryStreamName: 'd',
      HttpEndpointDestinationConfiguration: {
        EndpointConfiguration: { Url: 'https://example.com/in', Name: 'mine', AccessKey: 'secret' },
        BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 0 },
        S3Configuration: s3,
        ...http,
      },
    });
    await firehose.untilActive('d');
    await run(firehose, endpoint);
  } finally {
    await firehose.end();
  }
}

async function put({ call }: Opened, ...texts: string[]): Promise<void> {
  const Records = texts.map((text) => ({ Data: Buffer.from(text).toString('base64') }));
  await call('PutRecordBatch', { DeliveryStreamName: 'd', Records });
}

function records({ metrics }: Opened['firehose']): number {
  return metrics()['records']!;
}

test('a request has AWSs headers and body, compressed where that is asked for', () =>
  withEndpoint(
    {
      RequestConfiguration: {
        ContentEncoding: 'GZIP',
        CommonAttributes: [{ AttributeName: 'team', AttributeValue: 'logs' }],
      },
    },
    async (firehose, endpoint) => {
      await put(firehose, 'one', 'two');
      await until(() => records(firehose.firehose) === 2);
      const [post] = endpoint.posts;
      const body = bodyOf(post!);
      assert.equal(post!.url, 'https://example.com/in');
      assert.deepEqual(post!.headers, {
        'content-type': 'application/json',
        'content-encoding': 'gzip',
        'user-agent': 'Amazon Kinesis Data Firehose Agent/1.0',
        'x-amz-firehose-protocol-version': '1.0',
        'x-amz-firehose-request-id': body.requestId,
        'x-amz-firehose-source-arn': 'arn:aws:firehose:us-east-1:000000000000:deliverystream/d',
        'x-amz-firehose-access-key': 'secret',
        'x-amz-firehose-common-attributes': '{"commonAttributes":{"team":"logs"}}',
      });
      assert.equal(typeof body.timestamp, 'number');
      assert.deepEqual(
        body.records.map(({ data }) => Buffer.from(data, 'base64').toString()),
        ['one', 'two'],
      );
      assert.deepEqual(firehose.objects.stored, []);
    },
  ));

test('what is refused is tried again under the same request id, and goes to the bucket when its time is over', () =>
  withEndpoint({ RetryOptions: { DurationInSeconds: 100 } }, async (firehose, endpoint) => {
    endpoint.answer = ({ requestId }) => ({
      status: 500,
      body: JSON.stringify({ requestId, timestamp: 1, errorMessage: 'not now' }),
    });
    await put(firehose, 'one', 'two');
    for (let tries = 1; firehose.objects.stored.length === 0; tries += 1) {
      await until(() => endpoint.posts.length === tries || firehose.objects.stored.length > 0);
      firehose.world.advance(60_000);
      if (tries > 10) assert.fail('it is tried for ever');
    }
    assert.ok(endpoint.posts.length >= 2);
    assert.equal(new Set(endpoint.posts.map((post) => bodyOf(post).requestId)).size, 1);
    const [object] = firehose.objects.stored;
    assert.match(object!.key, /^http-endpoint-failed\/\d{4}\/\d\d\/\d\d\/\d\d\/d-1-/);
    const lines = String(object!.body)
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.deepEqual(
      lines.map(({ rawData }) => Buffer.from(rawData as string, 'base64').toString()),
      ['one', 'two'],
    );
    assert.equal(lines[0]!['errorCode'], 'HttpEndpoint.DestinationException');
    assert.match(lines[0]!['errorMessage'] as string, /not now/);
    assert.equal(lines[0]!['attemptsMade'], endpoint.posts.length);
    endpoint.answer = taken;
    await put(firehose, 'three');
    await until(() => records(firehose.firehose) === 3);
    assert.equal(bodyOf(endpoint.posts.at(-1)!).records.length, 1);
  }));

for (const [what, answer, code] of [
  [
    'a request id of another',
    () => ({ status: 200, body: '{"requestId":"x","timestamp":1}' }),
    'InvalidResponseFromDestination',
  ],
  ['what is no JSON', () => ({ status: 200, body: 'fine' }), 'ResponseParsingException'],
  ['null', () => ({ status: 200, body: 'null' }), 'InvalidResponseFromDestination'],
  ['no answer', () => Promise.reject(new Error('connection refused')), 'NetworkFailure'],
  ['too large', () => ({ status: 413, body: '' }), 'DestinationException'],
] as [string, Endpoint['answer'], string][])
  test(`an answer that is none: ${what}`, () =>
    withEndpoint(
      { RetryOptions: { DurationInSeconds: what === 'too large' ? 7200 : 0 } },
      async (firehose, endpoint) => {
        endpoint.answer = answer;
        await put(firehose, 'one');
        await until(() => firehose.objects.stored.length === 1);
        assert.equal(endpoint.posts.length, 1);
        assert.match(String(firehose.objects.stored[0]!.body), new RegExp(`"errorCode":"HttpEndpoint.${code}"`));
      },
    ));

test('everything is kept in the bucket where that is asked for, once', () =>
  withEndpoint({ S3BackupMode: 'AllData' }, async (firehose, endpoint) => {
    let refusals = 2;
    endpoint.answer = (body) => ((refusals -= 1) >= 0 ? { status: 503, body: '' } : taken(body));
    await put(firehose, 'one', 'two');
    for (let tries = 1; tries <= 2; tries += 1) {
      await until(() => endpoint.posts.length === tries);
      firehose.world.advance(60_000);
    }
    await until(() => records(firehose.firehose) === 2);
    assert.deepEqual(
      firehose.objects.stored.map(({ body }) => String(body)),
      ['onetwo'],
    );
  }));

test('the description leaves the access key out; an update leaves what it does not name', () =>
  withEndpoint({}, async (firehose) => {
    await firehose.call('UpdateDestination', {
      DeliveryStreamName: 'd',
      DestinationId: 'destinationId-000000000001',
      CurrentDeliveryStreamVersionId: '1',
      HttpEndpointDestinationUpdate: { RetryOptions: { DurationInSeconds: 7 } },
    });
    const { DeliveryStreamDescription: description } = await firehose.call('DescribeDeliveryStream', {
      DeliveryStreamName: 'd',
    });
    const [destination] = (description as { Destinations: Record<string, unknown>[] }).Destinations;
    const http = destination!['HttpEndpointDestinationDescription'] as Record<string, unknown>;
    assert.deepEqual(http['EndpointConfiguration'], { Url: 'https://example.com/in', Name: 'mine' });
    assert.deepEqual(http['RetryOptions'], { DurationInSeconds: 7 });
    assert.deepEqual(http['BufferingHints'], { SizeInMBs: 1, IntervalInSeconds: 0 });
    assert.equal(JSON.stringify(description).includes('secret'), false);
  }));

test('a destination becomes one of another kind where all of that is named, and what was accepted before goes there', () =>
  withEndpoint({ BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 60 } }, async (firehose, endpoint) => {
    await put(firehose, 'before');
    const update = (S3DestinationUpdate: object): Promise<string> =>
      firehose.refusal('UpdateDestination', {
        DeliveryStreamName: 'd',
        DestinationId: 'destinationId-000000000001',
        CurrentDeliveryStreamVersionId: '1',
        S3DestinationUpdate,
      });
    assert.match(await update({ Prefix: 'x/' }), /^InvalidArgumentException: RoleARN and BucketARN must be specified/);
    const hints = { SizeInMBs: 1, IntervalInSeconds: 0 };
    assert.equal(await update({ ...s3, Prefix: 'x/', BufferingHints: hints }), 'nothing');
    await put(firehose, 'after');
    firehose.world.advance(5000);
    await until(() => records(firehose.firehose) === 2);
    assert.equal(Buffer.concat(firehose.objects.stored.map(({ body }) => body)).toString(), 'beforeafter');
    assert.deepEqual(endpoint.posts, []);
  }));

test('a page that becomes more records than a call takes arguments', () =>
  withEndpoint(
    {
      ProcessingConfiguration: {
        Enabled: true,
        Processors: [
          {
            Type: 'RecordDeAggregation',
            Parameters: [{ ParameterName: 'SubRecordType', ParameterValue: 'JSON' }],
          },
        ],
      },
    },
    async (firehose, endpoint) => {
      await put(firehose, ...Array<string>(500).fill('{}'.repeat(500)));
      await until(() => records(firehose.firehose) === 500);
      const sizes = endpoint.posts.map((post) => bodyOf(post).records.length);
      assert.equal(
        sizes.reduce((sum, size) => sum + size, 0),
        250_000,
      );
      assert.ok(Math.max(...sizes) <= 10_000, 'no request has more records than its schema allows');
    },
  ));

const splitting = {
  ProcessingConfiguration: {
    Enabled: true,
    Processors: [
      { Type: 'RecordDeAggregation', Parameters: [{ ParameterName: 'SubRecordType', ParameterValue: 'JSON' }] },
    ],
  },
};

function first({ records: [record] }: Body): string {
  return Buffer.from(record!.data, 'base64').toString();
}

test('of several requests only those that failed are sent again, each under its id and as it was', () =>
  withEndpoint(
    {
      BufferingHints: { SizeInMBs: 64, IntervalInSeconds: 0 },
      RetryOptions: { DurationInSeconds: 7200 },
      ...splitting,
    },
    async (firehose, endpoint) => {
      let refusals = 0;
      endpoint.answer = (body) => {
        const isSecond = first(body) === '{"n":10000}' && (refusals += 1) < 3;
        return isSecond ? { status: 503, body: 'busy' } : taken(body);
      };
      // No record becomes more than 500.
      const numbers = (from: number): string => Array.from({ length: 500 }, (_, n) => `{"n":${from + n}}`).join('');
      await put(firehose, ...Array.from({ length: 50 }, (_, at) => numbers(500 * at)));
      await until(() => {
        firehose.world.advance(3000);
        return records(firehose.firehose) === 50;
      });
      assert.deepEqual(
        endpoint.posts.map((post) => [first(bodyOf(post)), bodyOf(post).records.length]),
        [
          ['{"n":0}', 10_000],
          ['{"n":10000}', 10_000],
          ['{"n":20000}', 5000],
          ['{"n":10000}', 10_000],
          ['{"n":10000}', 10_000],
        ],
      );
      const ids = endpoint.posts.map((post) => bodyOf(post).requestId);
      assert.equal(new Set(ids).size, 3);
      assert.deepEqual([ids[3], ids[4]], [ids[1], ids[1]]);
      assert.deepEqual(firehose.objects.stored, []);
    },
  ));

test('what failed goes into as many objects as it takes: an answer stands beside each record', () =>
  withEndpoint({ RetryOptions: { DurationInSeconds: 0 }, ...splitting }, async (firehose, endpoint) => {
    endpoint.answer = () => ({ status: 500, body: '<p>'.repeat(2000) });
    await put(firehose, ...Array<string>(6).fill('{}'.repeat(500)));
    await until(() => records(firehose.firehose) === 6);
    const sizes = firehose.objects.stored.map(({ body }) => body.length);
    assert.ok(sizes.length >= 2);
    assert.ok(Math.max(...sizes) < 9 << 20);
    assert.equal(new Set(firehose.objects.stored.map(({ key }) => key)).size, sizes.length);
    const lines = firehose.objects.stored.flatMap(({ body }) => String(body).trim().split('\n'));
    assert.equal(lines.length, 3000);
  }));

test('records of no bytes are not held in memory without an end', () =>
  withEndpoint({ BufferingHints: { SizeInMBs: 64, IntervalInSeconds: 900 } }, async (firehose, endpoint) => {
    const nothing = Array<string>(500).fill('');
    for (let puts = 0; puts < 200; puts += 1) await put(firehose, ...nothing);
    await until(() => records(firehose.firehose) === 100_000);
    assert.equal(endpoint.posts.length, 10);
  }));
