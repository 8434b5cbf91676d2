/** A real server delivering to a strict HTTPS endpoint that does to it what endpoints do. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { untilTrue } from '../clients/environments.ts';
import { firehoseCaller, untilDelivering } from '../process/caller.ts';
import { startCertifiedServer } from './certified-server.ts';
import { startHttpEndpoint } from './servers/http-endpoint.ts';
import type { EndpointAnswer } from './servers/http-endpoint.ts';

test(
  'HTTP endpoint: a strict one finds no fault through refusals, resets and answers that are none',
  { timeout: 120_000 },
  async () => {
    const server = await startCertifiedServer();
    const accessKey = 'open sesame';
    const commonAttributes = { site: 'here', 'with "quotes"': 'a, b' };
    const answers: EndpointAnswer[] = [
      { status: 503, errorMessage: 'not now' },
      'reset',
      'take silently',
      'take with a wrong id',
      'take with a torn answer',
    ];
    const endpoint = await startHttpEndpoint({
      accessKey,
      commonAttributes,
      isGzip: true,
      tls: server.identity,
      answer: (_request, number) => answers[number] ?? 'take',
    });
    try {
      const call = firehoseCaller(server.endpoint);
      const CommonAttributes = Object.entries(commonAttributes).map(([AttributeName, AttributeValue]) => ({
        AttributeName,
        AttributeValue,
      }));
      await call('CreateDeliveryStream', {
        DeliveryStreamName: 'd',
        HttpEndpointDestinationConfiguration: {
          EndpointConfiguration: { Url: `${endpoint.endpoint}/in`, AccessKey: accessKey },
          RequestConfiguration: { ContentEncoding: 'GZIP', CommonAttributes },
          BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 0 },
          S3Configuration: { RoleARN: 'arn:aws:iam::000000000000:role/r', BucketARN: 'arn:aws:s3:::logs' },
        },
      });
      await untilDelivering(call, 'd');
      const texts = Array.from({ length: 300 }, (_, number) => `record ${number}`);
      for (let start = 0; start < texts.length; start += 100) {
        const Records = texts.slice(start, start + 100).map((text) => ({ Data: Buffer.from(text).toString('base64') }));
        await call('PutRecordBatch', { DeliveryStreamName: 'd', Records });
      }
      await untilTrue(
        () => {
          const taken = new Set(endpoint.records.map(String));
          return texts.every((text) => taken.has(text)) && endpoint.requests.length > answers.length;
        },
        'every record at the endpoint',
        100_000,
      );
      assert.deepEqual(endpoint.violations, []);
      const [first] = endpoint.requests;
      assert.deepEqual(
        [first!.sourceArn, first!.path],
        ['arn:aws:firehose:us-east-1:000000000000:deliverystream/d', '/in'],
      );
    } finally {
      await server.stop();
      await endpoint.stop();
    }
  },
);
