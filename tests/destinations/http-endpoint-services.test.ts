/** Every row of the documentation's table of services, delivered as it says to an endpoint that looks at all of it. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { untilTrue } from '../clients/environments.ts';
import { firehoseCaller, untilDelivering } from '../process/caller.ts';
import { startCertifiedServer } from './certified-server.ts';
import { startHttpEndpoint } from './servers/http-endpoint.ts';

interface Service {
  readonly name: string;
  readonly urls: readonly string[];
  readonly hasKey: boolean;
  readonly isGzip: boolean;
  readonly parameters: readonly string[];
}

async function documented(): Promise<Service[]> {
  const page = await readFile(join(import.meta.dirname, '../../docs/reference/destinations.md'), 'utf8');
  const table = /\| service \| URL .*\n\|-.*\n((?:\|.*\n)+)/.exec(page)![1]!;
  return table
    .trimEnd()
    .split('\n')
    .map((row) => {
      const [name, urls, key, encoding, parameters] = row.split('|').slice(1, -1);
      const codes = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code!);
      return {
        name: name!.trim(),
        urls: codes(urls!).filter((code) => code.startsWith('https:')),
        hasKey: !key!.includes('none'),
        isGzip: encoding!.includes('GZIP'),
        parameters: codes(parameters!),
      };
    });
}

test('services that take what an HTTP endpoint is sent: every row of the table', { timeout: 120_000 }, async (t) => {
  const services = await documented();
  assert.equal(services.length, 9);
  const server = await startCertifiedServer();
  const call = firehoseCaller(server.endpoint);
  try {
    for (const [number, { name, urls, hasKey, isGzip, parameters }] of services.entries())
      await t.test(name, async () => {
        const commonAttributes = Object.fromEntries(parameters.map((parameter) => [parameter, 'value']));
        const endpoint = await startHttpEndpoint({
          ...(hasKey && { accessKey: 'key' }),
          ...(parameters.length > 0 && { commonAttributes }),
          isGzip,
          tls: server.identity,
        });
        try {
          for (const [index, url] of urls.entries()) {
            const DeliveryStreamName = `service-${number}-${index}`;
            const { pathname, search } = new URL(url);
            const create = (Url: string, stream: string): Promise<object> =>
              call('CreateDeliveryStream', {
                DeliveryStreamName: stream,
                HttpEndpointDestinationConfiguration: {
                  EndpointConfiguration: { Url, Name: name, ...(hasKey && { AccessKey: 'key' }) },
                  RequestConfiguration: {
                    ContentEncoding: isGzip ? 'GZIP' : 'NONE',
                    CommonAttributes: parameters.map((AttributeName) => ({ AttributeName, AttributeValue: 'value' })),
                  },
                  BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 0 },
                  S3Configuration: { RoleARN: 'arn:aws:iam::000000000000:role/r', BucketARN: 'arn:aws:s3:::logs' },
                },
              });
            // As it stands it is a destination; delivered is to what stands in its place.
            await create(url, `${DeliveryStreamName}-real`);
            await create(`${endpoint.endpoint}${pathname}${search}`, DeliveryStreamName);
            await untilDelivering(call, DeliveryStreamName);
            const Record = { Data: Buffer.from(url).toString('base64') };
            await call('PutRecord', { DeliveryStreamName, Record });
            await untilTrue(() => endpoint.records.map(String).includes(url), `the record for ${url}`);
            assert.equal(endpoint.requests.at(-1)!.path, `${pathname}${search}`);
          }
          assert.deepEqual(endpoint.violations, []);
        } finally {
          await endpoint.stop();
        }
      });
  } finally {
    await server.stop();
  }
});
