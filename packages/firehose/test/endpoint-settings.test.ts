import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HttpRequest } from '@millrace/firehose';
import { movableFirehose, s3, until } from './support.ts';

type Opened = Awaited<ReturnType<typeof movableFirehose>>;

const BufferingHints = { SizeInMBs: 1, IntervalInSeconds: 0 };
const RetryOptions = { DurationInSeconds: 120 };

/** The destinations that requests go to; each with its URL as it is given. */
const destinations = {
  HttpEndpoint: (Url: string) => ({ BufferingHints, RetryOptions, EndpointConfiguration: { Url } }),
  Splunk: (HECEndpoint: string) => ({
    RetryOptions,
    HECEndpoint,
    HECEndpointType: 'Raw',
    HECToken: 'token',
  }),
  Amazonopensearchservice: (ClusterEndpoint: string) => ({
    ...{ RetryOptions, BufferingHints, ClusterEndpoint },
    IndexName: 'logs',
    RoleARN: s3.RoleARN,
  }),
};

async function withFirehose(run: (firehose: Opened) => Promise<void>): Promise<void> {
  const firehose = await movableFirehose();
  try {
    await run(firehose);
  } finally {
    await firehose.end();
  }
}

function created(kind: string, given: object): object {
  return { DeliveryStreamName: 'd', [`${kind}DestinationConfiguration`]: { ...given, S3Configuration: s3 } };
}

async function described({ call }: Opened, kind: string): Promise<Record<string, unknown>> {
  const { DeliveryStreamDescription: description } = await call('DescribeDeliveryStream', { DeliveryStreamName: 'd' });
  const [destination] = (description as { Destinations: Record<string, unknown>[] }).Destinations;
  return destination![`${kind}DestinationDescription`] as Record<string, unknown>;
}

for (const [kind, withUrl] of Object.entries(destinations))
  test(`an update of ${kind} with retry options that say nothing leaves them as they are`, () =>
    withFirehose(async (firehose) => {
      await firehose.call('CreateDeliveryStream', created(kind, withUrl('https://a.example')));
      await firehose.untilActive('d');
      await firehose.call('UpdateDestination', {
        DeliveryStreamName: 'd',
        DestinationId: 'destinationId-000000000001',
        CurrentDeliveryStreamVersionId: '1',
        [`${kind}DestinationUpdate`]: { RetryOptions: {} },
      });
      assert.deepEqual((await described(firehose, kind))['RetryOptions'], RetryOptions);
    }));

for (const kind of ['HttpEndpoint', 'Splunk'] as const)
  test(`credentials in a URL of ${kind} are refused, and not told`, () =>
    withFirehose(async (firehose) => {
      for (const url of ['https://me:hush@a.example/', 'https://hush@a.example', 'https:/\\me:hush@a.example']) {
        const said = await firehose.refusal('CreateDeliveryStream', created(kind, destinations[kind](url)));
        // What is no https:// at all, the model's own pattern refuses.
        assert.match(said, /^InvalidArgumentException: \w+ must not have credentials|^ValidationException/);
        if (url.startsWith('https://')) assert.doesNotMatch(said, /hush/);
      }
    }));

test('an access key that no header can have is refused, and not told', () =>
  withFirehose(async (firehose) => {
    for (const key of ['hush\u0001', 'hush€'])
      assert.equal(
        await firehose.refusal(
          'CreateDeliveryStream',
          created('HttpEndpoint', { EndpointConfiguration: { Url: 'https://a.example', AccessKey: key } }),
        ),
        'InvalidArgumentException: AccessKey has characters that no header can have.',
      );
  }));

test('common attributes of any script go into their header', async () => {
  const sent: HttpRequest[] = [];
  const firehose = await movableFirehose({
    http: {
      send(request) {
        sent.push(request);
        return Promise.reject(new Error('nobody answers'));
      },
    },
  });
  try {
    const CommonAttributes = [{ AttributeName: 'Stadt', AttributeValue: 'Köln 東京 🦀' }];
    await firehose.call(
      'CreateDeliveryStream',
      created('HttpEndpoint', {
        ...destinations.HttpEndpoint('https://a.example'),
        RequestConfiguration: { CommonAttributes },
      }),
    );
    await firehose.untilActive('d');
    await firehose.call('PutRecord', { DeliveryStreamName: 'd', Record: { Data: 'eA==' } });
    await until(() => sent.length > 0);
    const value = sent[0]!.headers['x-amz-firehose-common-attributes']!;
    assert.match(value, /^[\x20-\x7e]+$/);
    assert.deepEqual(JSON.parse(value), { commonAttributes: { Stadt: 'Köln 東京 🦀' } });
  } finally {
    await firehose.end();
  }
});

for (const [url, told] of [
  ['https://me:hush@search.example/a@b', 'https://search.example/a@b'],
  ['https:me:hush@search.example', 'https:search.example'],
  ['https:/me:hush@search.example', 'https:/search.example'],
  ['https:\\\\me:hush@search.example', 'https:\\\\search.example'],
  ['https://me:hu@sh@search.example', 'https://search.example'],
] as const)
  test(`the credentials of a cluster are not told: ${url}`, () =>
    withFirehose(async (firehose) => {
      await firehose.call(
        'CreateDeliveryStream',
        created('Amazonopensearchservice', destinations.Amazonopensearchservice(url)),
      );
      assert.equal((await described(firehose, 'Amazonopensearchservice'))['ClusterEndpoint'], told);
    }));

test('credentials of a cluster that are not escaped as such are refused, and not told', () =>
  withFirehose(async (firehose) => {
    for (const url of ['https://me:hush%zz@search.example', 'https://me:hu/sh@search.example']) {
      const given = destinations.Amazonopensearchservice(url);
      const said = await firehose.refusal('CreateDeliveryStream', created('Amazonopensearchservice', given));
      assert.equal(said, 'InvalidArgumentException: https://search.example is no URL.');
    }
  }));
