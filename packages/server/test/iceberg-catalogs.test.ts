import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfiguration } from '../src/configuration.ts';
import { readIcebergCatalogs } from '../src/iceberg-catalogs.ts';

test('catalogs are read by name and by ARN, and what their URLs have beside the place', () => {
  const arn = 'arn:aws:glue:us-east-1:123456789012:catalog';
  const url =
    'https://id:s%2Cecret@a.example/api/?warehouse=lake&scope=PRINCIPAL_ROLE:ALL&oauth2-server-uri=https://b.example/t';
  assert.deepEqual(
    readIcebergCatalogs(`lake=http://127.0.0.1:8181, one=http://:tok%2Fen@127.0.0.1:8181/iceberg/ ,${arn}=${url}`),
    new Map<string, unknown>([
      ['lake', { url: 'http://127.0.0.1:8181', credentials: { kind: 'none' }, warehouse: undefined }],
      [
        'one',
        {
          url: 'http://127.0.0.1:8181/iceberg',
          credentials: { kind: 'bearer', token: 'tok/en' },
          warehouse: undefined,
        },
      ],
      [
        arn,
        {
          url: 'https://a.example/api',
          credentials: {
            kind: 'client',
            clientId: 'id',
            clientSecret: 's,ecret',
            tokenUrl: 'https://b.example/t',
            scope: 'PRINCIPAL_ROLE:ALL',
          },
          warehouse: 'lake',
        },
      ],
    ]),
  );
  assert.deepEqual(readIcebergCatalogs(undefined), new Map());
});

for (const [text, said] of [
  ['http://:secret@a.example', /must look like NAME=URL/],
  ['lake=s3://secret', /what stands for lake is no http/],
  ['lake=http://a.example,lake=http://b.example', /lake is named twice/],
  ['lake=http://a.example,', /must look like NAME=URL/],
  ['lake=http://secret@a.example', /must have :TOKEN or CLIENT:SECRET/],
  ['lake=http://:%zzsecret@a.example', /must have :TOKEN or CLIENT:SECRET/],
  ['lake=http://a.example?token=secret', /a parameter that is none of warehouse, scope, oauth2-server-uri/],
  ['lake=http://:secret@a.example', /needs --s3/],
] as const)
  test(`a list of catalogs that is none: ${text}`, () => {
    assert.throws(
      () => readConfiguration(['--iceberg-catalogs', text], {}),
      (error: Error) =>
        said.test(error.message) &&
        error.message.startsWith('--iceberg-catalogs: ') &&
        !error.message.includes('secret'),
    );
  });
