import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clusterAt, withoutCredentials } from '../src/destinations/opensearch/cluster.ts';
import { documentLine, documentPlaces } from '../src/destinations/opensearch/documents.ts';
import type { OpenSearchDestination } from '../src/destinations/opensearch/settings.ts';

function places(period: string, arn = 'arn:one'): ReturnType<typeof documentPlaces> {
  const search = {
    IndexName: 'myindex',
    IndexRotationPeriod: period,
    DocumentIdOptions: { DefaultDocumentIdFormat: 'FIREHOSE_DEFAULT' },
  };
  return documentPlaces({ search } as OpenSearchDestination, arn);
}

const record = { data: Buffer.from('{}'), arrivalMs: 1, logId: 2 ** 40, index: 0, piece: 0 };

// The table of the guide, and the rule that it gives for weeks, at the ends of years.
for (const [period, time, name] of [
  ['NoRotation', '2016-02-25T13:00:00Z', 'myindex'],
  ['OneHour', '2016-02-25T13:00:00Z', 'myindex-2016-02-25-13'],
  ['OneDay', '2016-02-25T13:00:00Z', 'myindex-2016-02-25'],
  ['OneMonth', '2016-02-25T13:00:00Z', 'myindex-2016-02'],
  // By the rule: the table has w08.
  ['OneWeek', '2016-02-25T13:00:00Z', 'myindex-2016-w09'],
  ['OneWeek', '2020-08-13T00:00:00Z', 'myindex-2020-w33'],
  ['OneWeek', '2022-01-01T23:59:59Z', 'myindex-2022-w01'],
  ['OneWeek', '2022-01-02T00:00:00Z', 'myindex-2022-w02'],
  ['OneWeek', '2025-12-27T23:59:59Z', 'myindex-2025-w52'],
  ['OneWeek', '2025-12-28T00:00:00Z', 'myindex-2026-w01'],
] as const)
  test(`the index of ${period} at ${time}`, () => {
    assert.equal(places(period)({ ...record, arrivalMs: Date.parse(time) }).index, name);
  });

test('an index changes with the hour, whatever the order in which records come', () => {
  const placeOf = places('OneHour');
  const times = ['2024-01-01T00:59:59.999Z', '2024-01-01T01:00:00Z', '2024-01-01T00:30:00Z'];
  assert.deepEqual(
    times.map((time) => placeOf({ ...record, arrivalMs: Date.parse(time) }).index),
    ['myindex-2024-01-01-00', 'myindex-2024-01-01-01', 'myindex-2024-01-01-00'],
  );
});

test('ids are the same again for the same record, and another for every other', () => {
  const others = [
    record,
    { ...record, index: 1 },
    { ...record, piece: 1 },
    { ...record, logId: record.logId + 1 },
    { ...record, arrivalMs: 2 },
  ];
  const ids = others.map((one) => places('OneDay')(one).id!);
  ids.push(places('OneDay', 'arn:two')(record).id!);
  assert.equal(new Set(ids).size, 6);
  assert.equal(places('NoRotation')({ ...record, data: Buffer.from('{"other":1}') }).id, ids[0]);
});

test('where a cluster takes bulks, and how it knows who sends them', () => {
  assert.deepEqual(clusterAt('http://127.0.0.1:9200'), {
    bulkUrl: 'http://127.0.0.1:9200/_bulk',
    authorization: undefined,
    aws: undefined,
  });
  assert.deepEqual(clusterAt('https://us%40er:p%3A%2Fw@a.example/es//'), {
    bulkUrl: 'https://a.example/es/_bulk',
    authorization: `Basic ${Buffer.from('us@er:p:/w').toString('base64')}`,
    aws: undefined,
  });
  for (const [host, service, region] of [
    ['search-logs-abc.eu-west-1.es.amazonaws.com', 'es', 'eu-west-1'],
    ['vpc-logs-abc.cn-north-1.es.amazonaws.com.cn', 'es', 'cn-north-1'],
    ['abc.us-east-1.aoss.amazonaws.com', 'aoss', 'us-east-1'],
    ['search-logs-abc.aos.us-gov-west-1.on.aws', 'es', 'us-gov-west-1'],
  ] as const)
    assert.deepEqual(clusterAt(`https://${host}`).aws, { service, region });
  for (const host of ['es.amazonaws.com.example', 'a.us-east-1.s3.amazonaws.com', 'xes.amazonaws.com'])
    assert.equal(clusterAt(`https://${host}`).aws, undefined, host);
  assert.equal(clusterAt('https://u:p@a.us-east-1.es.amazonaws.com').aws, undefined);
  assert.equal(withoutCredentials('https://u:p@a.example/x?y=@'), 'https://a.example/x?y=@');
  assert.equal(withoutCredentials('https://a.example/@x'), 'https://a.example/@x');
});

test('a document goes as it was sent, number by number, but for the ends of its lines', () => {
  for (const [text, line] of [
    ['{"n":12345678901234567890,"x":1.0}', '{"n":12345678901234567890,"x":1.0}'],
    ['{\r\n"a": "\\n"\n}\n', '{  "a": "\\n" } '],
  ])
    assert.equal(String(documentLine(Buffer.from(text!))), line);
});
