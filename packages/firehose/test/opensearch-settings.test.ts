import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SearchCluster } from './search-cluster.ts';
import { movableFirehose, s3, until } from './support.ts';

type Opened = Awaited<ReturnType<typeof movableFirehose>>;

const DomainARN = 'arn:aws:es:us-east-1:000000000000:domain/logs';
const least = { RoleARN: s3.RoleARN, IndexName: 'logs', S3Configuration: s3 };
const whole = { ...least, ClusterEndpoint: 'https://us:secret@search.example' };
const member = 'AmazonopensearchserviceDestinationConfiguration';
const searchDomains = new Map([['logs', 'http://u:p@127.0.0.1:9200']]);

async function withFirehose(run: (firehose: Opened, cluster: SearchCluster) => Promise<void>): Promise<void> {
  const cluster = new SearchCluster();
  const firehose = await movableFirehose({ http: { send: async (request) => cluster.take(request) }, searchDomains });
  try {
    await run(firehose, cluster);
    assert.deepEqual(cluster.wrong, []);
  } finally {
    await firehose.end();
  }
}

async function create(firehose: Opened, destination: object): Promise<void> {
  await firehose.call('CreateDeliveryStream', { DeliveryStreamName: 'd', ...destination });
  await firehose.untilActive('d');
}

async function described({ call }: Opened): Promise<Record<string, Record<string, unknown>>> {
  const { DeliveryStreamDescription: description } = await call('DescribeDeliveryStream', { DeliveryStreamName: 'd' });
  const [{ DestinationId: _, ...destination }] = (description as { Destinations: [Record<string, never>] })
    .Destinations;
  return destination;
}

function update({ refusal }: Opened, version: number, destination: object): Promise<string> {
  return refusal('UpdateDestination', {
    DeliveryStreamName: 'd',
    DestinationId: 'destinationId-000000000001',
    CurrentDeliveryStreamVersionId: String(version),
    ...destination,
  });
}

const filledIn = {
  RoleARN: s3.RoleARN,
  IndexName: 'logs',
  IndexRotationPeriod: 'OneDay',
  BufferingHints: { SizeInMBs: 5, IntervalInSeconds: 300 },
  RetryOptions: { DurationInSeconds: 300 },
  S3BackupMode: 'FailedDocumentsOnly',
  ProcessingConfiguration: { Enabled: false, Processors: [] },
  CloudWatchLoggingOptions: { Enabled: false },
  DocumentIdOptions: { DefaultDocumentIdFormat: 'FIREHOSE_DEFAULT' },
};

test('what is left out is filled in, and credentials are not told', () =>
  withFirehose(async (firehose) => {
    await create(firehose, { [member]: whole });
    const { AmazonopensearchserviceDestinationDescription: search, ...others } = await described(firehose);
    assert.deepEqual(others, {});
    const { S3DestinationDescription: bucket, ...description } = search!;
    assert.deepEqual(description, { ...filledIn, ClusterEndpoint: 'https://search.example' });
    assert.equal((bucket as typeof s3).BucketARN, s3.BucketARN);
  }));

test('each of the three members is described under its own name', async () => {
  await withFirehose(async (firehose) => {
    const VpcConfiguration = { SubnetIds: ['subnet-1'], SecurityGroupIds: ['sg-1'], RoleARN: s3.RoleARN };
    const hints = { IntervalInSeconds: 1 };
    await create(firehose, {
      ElasticsearchDestinationConfiguration: { ...least, DomainARN, VpcConfiguration, BufferingHints: hints },
    });
    const { ElasticsearchDestinationDescription: search } = await described(firehose);
    const { S3DestinationDescription: _, ...description } = search!;
    assert.deepEqual(description, {
      ...filledIn,
      DomainARN,
      BufferingHints: { SizeInMBs: 5, IntervalInSeconds: 1 },
      VpcConfigurationDescription: { ...VpcConfiguration, VpcId: 'vpc-00000000000000000' },
    });
  });
  await withFirehose(async (firehose) => {
    const CollectionEndpoint = 'https://abc.example';
    await create(firehose, { AmazonOpenSearchServerlessDestinationConfiguration: { ...least, CollectionEndpoint } });
    const { AmazonOpenSearchServerlessDestinationDescription: search } = await described(firehose);
    const { S3DestinationDescription: _, ...description } = search!;
    const { IndexRotationPeriod: _rotation, DocumentIdOptions: _ids, ...ofServerless } = filledIn;
    assert.deepEqual(description, { ...ofServerless, CollectionEndpoint });
  });
});

for (const [what, destination, refusal] of [
  ['no place', { [member]: least }, /^InvalidArgumentException: Exactly one of DomainARN and ClusterEndpoint/],
  ['two places', { [member]: { ...whole, DomainARN } }, /^InvalidArgumentException: Exactly one of DomainARN/],
  [
    'a domain that nobody knows',
    { ElasticsearchDestinationConfiguration: { ...least, DomainARN: DomainARN.replace('/logs', '/other') } },
    /^InvalidArgumentException: Where the domain arn:aws:es:us-east-1:000000000000:domain\/other is, is not known here/,
  ],
  [
    'what is no URL',
    { [member]: { ...least, ClusterEndpoint: 'https:' } },
    /^InvalidArgumentException: https: is no URL/,
  ],
  [
    "another account's domain",
    { [member]: { ...least, DomainARN: DomainARN.replace('000000000000', '111111111111') } },
    /^InvalidArgumentException: Domain arn:aws:es:us-east-1:111111111111:domain\/logs not found/,
  ],
  ['no TLS', { [member]: { ...least, ClusterEndpoint: 'http://a.example' } }, /^ValidationException: .*https:\.\*/],
  [
    'no collection',
    { AmazonOpenSearchServerlessDestinationConfiguration: least },
    /CollectionEndpoint must be specified/,
  ],
  [
    'a buffer that is too large',
    { [member]: { ...whole, BufferingHints: { SizeInMBs: 101, IntervalInSeconds: 60 } } },
    /^ValidationException: .*less than or equal to 100/,
  ],
  ['retries that are too long', { [member]: { ...whole, RetryOptions: { DurationInSeconds: 7201 } } }, /7200/],
] as const)
  test(`a destination that cannot be: ${what}`, () =>
    withFirehose(async (firehose) => {
      const said = await firehose.refusal('CreateDeliveryStream', { DeliveryStreamName: 'd', ...destination });
      assert.match(said, refusal);
      const { DeliveryStreamNames: names } = await firehose.call('ListDeliveryStreams', {});
      assert.deepEqual(names, []);
    }));

test('an update changes what it names; a domain and an endpoint take each other’s place', () =>
  withFirehose(async (firehose) => {
    await create(firehose, { [member]: { ...whole, S3BackupMode: 'AllDocuments' } });
    const AmazonopensearchserviceDestinationUpdate = {
      DomainARN,
      BufferingHints: { SizeInMBs: 7 },
      S3Update: { Prefix: 'x/' },
    };
    assert.equal(await update(firehose, 1, { AmazonopensearchserviceDestinationUpdate }), 'nothing');
    const { AmazonopensearchserviceDestinationDescription: search } = await described(firehose);
    const { S3DestinationDescription: bucket, ...description } = search!;
    assert.deepEqual(description, {
      ...filledIn,
      DomainARN,
      S3BackupMode: 'AllDocuments',
      BufferingHints: { SizeInMBs: 7, IntervalInSeconds: 300 },
    });
    assert.equal((bucket as { Prefix: string }).Prefix, 'x/');
    const ElasticsearchDestinationUpdate = { ClusterEndpoint: 'https://b.example', IndexName: 'other' };
    assert.equal(await update(firehose, 2, { ElasticsearchDestinationUpdate }), 'nothing');
    const { ElasticsearchDestinationDescription: elastic } = await described(firehose);
    assert.equal(elastic!['ClusterEndpoint'], 'https://b.example');
    assert.equal(elastic!['IndexName'], 'other');
    assert.equal('DomainARN' in elastic!, false);
    const both = { DomainARN, ClusterEndpoint: 'https://b.example' };
    assert.match(await update(firehose, 3, { ElasticsearchDestinationUpdate: both }), /Exactly one of/);
  }));

test('a search cluster stays one, and nothing else becomes one', async () => {
  const refused = /^InvalidArgumentException: Switching between Amazon OpenSearch Service and other services/;
  await withFirehose(async (firehose) => {
    await create(firehose, { [member]: whole });
    assert.match(await update(firehose, 1, { S3DestinationUpdate: s3 }), refused);
    const AmazonOpenSearchServerlessDestinationUpdate = { CollectionEndpoint: 'https://abc.example' };
    assert.match(await update(firehose, 1, { AmazonOpenSearchServerlessDestinationUpdate }), refused);
  });
  await withFirehose(async (firehose) => {
    await create(firehose, { S3DestinationConfiguration: s3 });
    const AmazonopensearchserviceDestinationUpdate = { DomainARN, RoleARN: s3.RoleARN, IndexName: 'logs' };
    assert.match(await update(firehose, 1, { AmazonopensearchserviceDestinationUpdate }), refused);
  });
});

test('a domain is found by its name, with the credentials that the server was given for it', () =>
  withFirehose(async (firehose, cluster) => {
    const BufferingHints = { SizeInMBs: 1, IntervalInSeconds: 0 };
    await create(firehose, { [member]: { ...least, DomainARN, BufferingHints } });
    const Data = Buffer.from('{"a":1}').toString('base64');
    await firehose.call('PutRecord', { DeliveryStreamName: 'd', Record: { Data } });
    await until(() => cluster.bulks.length === 1);
    assert.equal(cluster.requests[0]!.url, 'http://127.0.0.1:9200/_bulk');
    assert.equal(cluster.requests[0]!.headers['authorization'], `Basic ${Buffer.from('u:p').toString('base64')}`);
    assert.match(cluster.bulks[0]![0]!.index, /^logs-\d{4}-\d\d-\d\d$/);
    assert.equal(JSON.stringify(await described(firehose)).includes('u:p'), false);
  }));

test('what is for a domain that the server is not told of any more goes to the error prefix when its time is over', async () => {
  const domains = new Map(searchDomains);
  const firehose = await movableFirehose({ searchDomains: domains });
  const BufferingHints = { SizeInMBs: 1, IntervalInSeconds: 0 };
  const RetryOptions = { DurationInSeconds: 0 };
  await create(firehose, { [member]: { ...least, DomainARN, BufferingHints, RetryOptions } });
  domains.clear();
  const Data = Buffer.from('{"a":1}').toString('base64');
  await firehose.call('PutRecord', { DeliveryStreamName: 'd', Record: { Data } });
  await until(() => firehose.objects.stored.length === 1);
  const line = JSON.parse(String(firehose.objects.stored[0]!.body)) as Record<string, unknown>;
  assert.equal(line['errorCode'], 'OS.ServiceException');
  assert.match(line['errorMessage'] as string, /^Where the domain arn:aws:es:.*:domain\/logs is, is not known here/);
  assert.equal(line['rawData'], Data);
  await firehose.end();
});
