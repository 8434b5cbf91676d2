/**
 * One story through all operations, told once in JSON and once in CBOR, by two accounts of one server: every answer and every
 * error is the same but for the encoding.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { loadService } from '@millrace/model';
import { compileCborWriter, readCbor } from '@millrace/protocol';
import { startServer } from '../../tools/server-process.ts';
import type { ServerProcess } from '../../tools/server-process.ts';

type Json = Record<string, unknown>;
type Call = (operation: string, input: Json) => Promise<Json>;

const model = loadService('kinesis');
let server: ServerProcess;
before(async () => {
  server = await startServer(['--limits', 'none', '--transition-ms', '0']);
});
after(async () => {
  assert.equal(await server.stop(), 0, server.log());
});

async function post(operation: string, account: string, type: string, body: string | Buffer): Promise<Response> {
  const date = '20260101';
  return fetch(server.endpoint, {
    method: 'POST',
    headers: {
      'content-type': `application/x-amz-${type}-1.1`,
      'x-amz-target': `Kinesis_20131202.${operation}`,
      'x-amz-date': `${date}T000000Z`,
      authorization: `AWS4-HMAC-SHA256 Credential=${account}/${date}/us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=0`,
    },
    body: typeof body === 'string' ? body : new Uint8Array(body),
  });
}

const inJson: Call = async (operation, input) => {
  const answer = await post(operation, '111111111111', 'json', JSON.stringify(input));
  const text = await answer.text();
  return { status: answer.status, ...(text === '' ? {} : (JSON.parse(text) as Json)) };
};

const inCbor: Call = async (operation, input) => {
  // The writer takes values as operations have them: bytes, and times in milliseconds.
  const { input: shape, decode } = model.operations.get(operation)!;
  const values = decode(JSON.parse(JSON.stringify(input)), 'base64');
  const answer = await post(operation, '222222222222', 'cbor', compileCborWriter(shape)(values));
  const bytes = Buffer.from(await answer.arrayBuffer());
  return { status: answer.status, ...(bytes.length === 0 ? {} : (readCbor(bytes) as Json)) };
};

/** What must differ between two accounts and two moments, made equal. */
function comparable(value: unknown, name = ''): unknown {
  if (Buffer.isBuffer(value)) return value.toString('base64');
  if (Array.isArray(value)) return value.map((one) => comparable(one, name));
  if (/(Timestamp|At)$/.test(name) && value !== undefined) return 'a time';
  if (name.endsWith('SequenceNumber')) return 'a number';
  if (/(Iterator|Token)$/.test(name)) return typeof value;
  if (name === 'MillisBehindLatest') return typeof value;
  if (typeof value === 'string')
    return value
      .replaceAll(/[12]{12}/g, 'ACCOUNT')
      .replaceAll(/:\d{10}$/g, ':SECOND')
      .replaceAll(/\d{13}/g, 'MS');
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => [key, comparable(member, key)]),
  );
}

/** The story: each step's answer by its name. */
async function tell(call: Call, account: string): Promise<Map<string, unknown>> {
  const answers = new Map<string, unknown>();
  const told = async (operation: string, input: Json, as = operation): Promise<Json> => {
    const answer = await call(operation, input);
    answers.set(as, comparable(answer));
    return answer;
  };
  const active = async (): Promise<void> => {
    while (!JSON.stringify(await call('DescribeStreamSummary', { StreamName: 's' })).includes('"ACTIVE"'));
  };
  const StreamARN = `arn:aws:kinesis:us-east-1:${account}:stream/s`;
  const stream = { StreamName: 's' };
  await told('CreateStream', { ...stream, ShardCount: 2, Tags: { a: '1' } });
  await told('CreateStream', { ...stream, ShardCount: 2 }, 'CreateStream again');
  await active();
  for (const operation of ['DescribeStream', 'DescribeStreamSummary', 'ListShards', 'ListTagsForStream'])
    await told(operation, stream);
  for (const operation of ['ListStreams', 'DescribeLimits', 'DescribeAccountSettings']) await told(operation, {});
  await told('AddTagsToStream', { ...stream, Tags: { b: '2' } });
  await told('RemoveTagsFromStream', { ...stream, TagKeys: ['a'] });
  await told('TagResource', { ResourceARN: StreamARN, Tags: { c: 'ü' } });
  await told('ListTagsForResource', { ResourceARN: StreamARN });
  await told('UntagResource', { ResourceARN: StreamARN, TagKeys: ['c'] });
  const record = { PartitionKey: 'schlüssel', ExplicitHashKey: '0', Data: Buffer.from([0, 255, 1]).toString('base64') };
  await told('PutRecord', { ...stream, ...record });
  await told('PutRecord', { ...stream, PartitionKey: '', Data: '' }, 'PutRecord with an empty key');
  await told('PutRecord', { ...stream, ...record, DryRun: true }, 'PutRecord, dry');
  await told('PutRecords', { ...stream, Records: [record, { ...record, Data: '' }] });
  const place = { ...stream, ShardId: 'shardId-000000000000' };
  const { ShardIterator } = await told('GetShardIterator', {
    ...place,
    ShardIteratorType: 'AT_TIMESTAMP',
    Timestamp: 1.5,
  });
  await told('GetRecords', { ShardIterator });
  await told('GetRecords', { ShardIterator: 'nobody' }, 'GetRecords of nobody');
  await told('IncreaseStreamRetentionPeriod', { ...stream, RetentionPeriodHours: 48 });
  await told('DecreaseStreamRetentionPeriod', { ...stream, RetentionPeriodHours: 24 });
  await told('EnableEnhancedMonitoring', { ...stream, ShardLevelMetrics: ['ALL'] });
  await told('DisableEnhancedMonitoring', { ...stream, ShardLevelMetrics: ['ALL'] });
  const changes: [string, Json][] = [
    ['StartStreamEncryption', { ...stream, EncryptionType: 'KMS', KeyId: 'alias/k' }],
    ['StopStreamEncryption', { ...stream, EncryptionType: 'KMS', KeyId: 'alias/k' }],
    ['SplitShard', { ...stream, ShardToSplit: '0', NewStartingHashKey: '5' }],
    ['MergeShards', { ...stream, ShardToMerge: '2', AdjacentShardToMerge: '3' }],
    ['UpdateShardCount', { ...stream, TargetShardCount: 4, ScalingType: 'UNIFORM_SCALING' }],
    ['UpdateMaxRecordSize', { StreamARN, MaxRecordSizeInKiB: 2048 }],
    ['UpdateStreamMode', { StreamARN, StreamModeDetails: { StreamMode: 'ON_DEMAND' } }],
    ['UpdateStreamRecordDistributionStrategy', { StreamARN, RecordDistributionStrategy: 'AUTO' }],
    ['UpdateStreamWarmThroughput', { StreamARN, WarmThroughputMiBps: 5 }],
  ];
  for (const [operation, input] of changes) {
    await told(operation, input);
    await active();
  }
  await told('GetRecords', { ShardIterator }, 'GetRecords at the end of a shard');
  await told('RegisterStreamConsumer', { StreamARN, ConsumerName: 'c' });
  const consumer = async () => call('DescribeStreamConsumer', { StreamARN, ConsumerName: 'c' });
  while (!JSON.stringify(await consumer()).includes('"ACTIVE"'));
  await told('ListStreamConsumers', { StreamARN });
  await told('DescribeStreamConsumer', { StreamARN, ConsumerName: 'c' });
  await told('SubscribeToShard', {
    ConsumerARN: `${StreamARN}/consumer/x:1`,
    ShardId: '0',
    StartingPosition: { Type: 'LATEST' },
  });
  const Statement = [{ Effect: 'Allow', Principal: '*', Action: 'kinesis:*', Resource: StreamARN }];
  await told('PutResourcePolicy', { ResourceARN: StreamARN, Policy: JSON.stringify({ Statement }) });
  await told('GetResourcePolicy', { ResourceARN: StreamARN });
  await told('DeleteResourcePolicy', { ResourceARN: StreamARN });
  await told('UpdateAccountSettings', { MinimumThroughputBillingCommitment: { Status: 'ENABLED' } });
  await told('DeregisterStreamConsumer', { StreamARN, ConsumerName: 'c' });
  await told('DeleteStream', { ...stream, EnforceConsumerDeletion: true });
  await told('DescribeStream', { StreamName: 'x' }, 'DescribeStream of nothing');
  return answers;
}

test('every operation and error: CBOR says what JSON says', async () => {
  const json = await tell(inJson, '111111111111');
  const cbor = await tell(inCbor, '222222222222');
  const operations = new Set([...json.keys()].map((name) => name.split(/[ ,]/)[0]));
  assert.equal(operations.size, 40);
  for (const [name, answer] of json) assert.deepEqual(cbor.get(name), answer, name);
  assert.equal((json.get('GetRecords at the end of a shard') as { ChildShards: object[] }).ChildShards.length, 2);
});
