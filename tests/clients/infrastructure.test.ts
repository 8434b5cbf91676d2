/**
 * What CloudFormation's resource handlers and the newest Terraform provider ask, call by call and wait by wait, and what they
 * read back: anything that differs from what was asked would be drift. CloudFormation's order is that of its published sample
 * (Progress Chaining, Stabilization and Callback Pattern) and of the permissions in the resource types' schemas; Terraform's
 * that of resourceStreamCreate and -Update. Terraform itself runs in terraform.client.ts, at a version without these calls.
 */
import { Kinesis } from '@aws-sdk/client-kinesis';
import type { StreamDescriptionSummary } from '@aws-sdk/client-kinesis';
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startServer } from '../../tools/server-process.ts';
import type { ServerProcess } from '../../tools/server-process.ts';
import { streamActive } from '../../tools/stream-active.ts';
import { untilTrue } from './environments.ts';

let server: ServerProcess;
let client: Kinesis;
before(async () => {
  server = await startServer(['--transition-ms', '100']);
  const credentials = { accessKeyId: '123456789012', secretAccessKey: 'secret' };
  client = new Kinesis({ endpoint: server.endpoint, region: 'us-west-2', credentials, maxAttempts: 10 });
});
after(async () => {
  client.destroy();
  assert.equal(await server.stop(), 0, server.log());
});

interface StreamModel {
  readonly shards: number | undefined;
  readonly mode: 'PROVISIONED' | 'ON_DEMAND';
  readonly retentionHours: number;
  readonly keyId: string | undefined;
  readonly tags: Record<string, string>;
  readonly metrics: readonly ('IncomingBytes' | 'IncomingRecords' | 'IteratorAgeMilliseconds')[];
  readonly maxRecordKib: number;
}

/** The handlers change a stream at once after another change: while it is UPDATING they are refused and ask again. */
async function whenFree(call: () => Promise<unknown>): Promise<void> {
  await untilTrue(() =>
    call().then(
      () => true,
      (error: Error) => {
        if (error.name === 'ResourceInUseException' || error.name === 'LimitExceededException') return false;
        throw error;
      },
    ),
  );
}

/** AWS::Kinesis::Stream's CREATE. */
async function create(name: string, model: StreamModel): Promise<void> {
  await client.createStream({
    StreamName: name,
    StreamModeDetails: { StreamMode: model.mode },
    ...(model.shards !== undefined && { ShardCount: model.shards }),
    MaxRecordSizeInKiB: model.maxRecordKib,
  });
  await streamActive(client, name);
  const present: StreamModel = { ...model, tags: {}, retentionHours: 24, keyId: undefined, metrics: [] };
  await change(name, present, model);
}

/** The chain of steps behind CREATE and UPDATE, then the wait for ACTIVE. */
async function change(name: string, from: StreamModel, to: StreamModel): Promise<void> {
  const { StreamARN: arn } = await streamActive(client, name);
  const gone = Object.keys(from.tags).filter((key) => !(key in to.tags));
  if (gone.length > 0) await client.removeTagsFromStream({ StreamName: name, TagKeys: gone });
  if (Object.keys(to.tags).length > 0) await client.addTagsToStream({ StreamName: name, Tags: to.tags });
  if (to.mode !== from.mode)
    await whenFree(() => client.updateStreamMode({ StreamARN: arn!, StreamModeDetails: { StreamMode: to.mode } }));
  if (to.shards !== undefined && to.shards !== from.shards)
    await whenFree(() =>
      client.updateShardCount({ StreamName: name, TargetShardCount: to.shards!, ScalingType: 'UNIFORM_SCALING' }),
    );
  const hours = { StreamName: name, RetentionPeriodHours: to.retentionHours };
  if (to.retentionHours > from.retentionHours) await whenFree(() => client.increaseStreamRetentionPeriod(hours));
  if (to.retentionHours < from.retentionHours) await whenFree(() => client.decreaseStreamRetentionPeriod(hours));
  const sealed = (key: string): Parameters<Kinesis['startStreamEncryption']>[0] => ({
    StreamName: name,
    EncryptionType: 'KMS',
    KeyId: key,
  });
  if (to.keyId !== undefined && to.keyId !== from.keyId)
    await whenFree(() => client.startStreamEncryption(sealed(to.keyId!)));
  if (to.keyId === undefined && from.keyId !== undefined)
    await whenFree(() => client.stopStreamEncryption(sealed(from.keyId!)));
  const [off, on] = [from.metrics.filter((one) => !to.metrics.includes(one)), to.metrics];
  if (off.length > 0)
    await whenFree(() => client.disableEnhancedMonitoring({ StreamName: name, ShardLevelMetrics: off }));
  if (on.length > 0)
    await whenFree(() => client.enableEnhancedMonitoring({ StreamName: name, ShardLevelMetrics: [...on] }));
  if (to.maxRecordKib !== from.maxRecordKib)
    await whenFree(() => client.updateMaxRecordSize({ StreamARN: arn!, MaxRecordSizeInKiB: to.maxRecordKib }));
  await streamActive(client, name);
}

/** AWS::Kinesis::Stream's READ. */
async function read(name: string): Promise<StreamModel> {
  const { StreamDescriptionSummary: summary } = await client.describeStreamSummary({ StreamName: name });
  const { Tags: tags } = await client.listTagsForStream({ StreamName: name });
  const { StreamModeDetails, KeyId, EnhancedMonitoring } = summary as StreamDescriptionSummary;
  return {
    shards: StreamModeDetails!.StreamMode === 'PROVISIONED' ? summary!.OpenShardCount : undefined,
    mode: StreamModeDetails!.StreamMode!,
    retentionHours: summary!.RetentionPeriodHours!,
    keyId: KeyId,
    tags: Object.fromEntries(tags!.map(({ Key, Value }) => [Key!, Value!])),
    metrics: EnhancedMonitoring!
      .flatMap(({ ShardLevelMetrics }) => ShardLevelMetrics!)
      .sort() as StreamModel['metrics'],
    maxRecordKib: summary!.MaxRecordSizeInKiB!,
  };
}

const plain: StreamModel = {
  shards: 2,
  mode: 'PROVISIONED',
  retentionHours: 36,
  keyId: undefined,
  tags: { '1': 'one', '2': 'two' },
  metrics: [],
  maxRecordKib: 1024,
};

test('CloudFormation: AWS::Kinesis::Stream is created, read, updated and deleted without drift', async () => {
  const models: StreamModel[] = [
    plain,
    { ...plain, shards: 4, retentionHours: 168, keyId: 'alias/aws/kinesis', tags: { '2': 'zwei', '3': 'drei' } },
    { ...plain, shards: 3, retentionHours: 24, metrics: ['IncomingBytes', 'IteratorAgeMilliseconds'], tags: {} },
    { ...plain, mode: 'ON_DEMAND', shards: undefined, metrics: ['IncomingRecords'], maxRecordKib: 10_240 },
  ];
  await create('cfn', models[0]!);
  for (const [at, model] of models.entries()) {
    if (at > 0) await change('cfn', models[at - 1]!, model);
    assert.deepEqual(await read('cfn'), model, `drift after step ${at}`);
  }
  // CREATE of what is there: AlreadyExists; LIST; DELETE, stable when it is not found; READ after it: NotFound.
  await assert.rejects(client.createStream({ StreamName: 'cfn', ShardCount: 1 }), { name: 'ResourceInUseException' });
  assert.ok((await client.listStreams({})).StreamNames!.includes('cfn'));
  await client.deleteStream({ StreamName: 'cfn', EnforceConsumerDeletion: true });
  const gone = (error: Error): boolean => error.name === 'ResourceNotFoundException';
  await untilTrue(() => client.describeStreamSummary({ StreamName: 'cfn' }).then(() => false, gone));
  await assert.rejects(client.deleteStream({ StreamName: 'cfn' }), { name: 'ResourceNotFoundException' });
});

test('CloudFormation: AWS::Kinesis::StreamConsumer and AWS::Kinesis::ResourcePolicy', async () => {
  await create('consumed', plain);
  const { StreamARN: stream } = await streamActive(client, 'consumed');
  const { Consumer: made } = await client.registerStreamConsumer({
    StreamARN: stream!,
    ConsumerName: 'c',
    Tags: { team: 'ingest' },
  });
  const arn = made!.ConsumerARN!;
  await untilTrue(async () => {
    const { ConsumerDescription: found } = await client.describeStreamConsumer({ ConsumerARN: arn });
    return found!.ConsumerStatus === 'ACTIVE';
  });
  const { ConsumerDescription: found } = await client.describeStreamConsumer({ StreamARN: stream!, ConsumerName: 'c' });
  assert.deepEqual([found!.ConsumerARN, found!.StreamARN], [arn, stream]);
  assert.deepEqual((await client.listTagsForResource({ ResourceARN: arn })).Tags, [{ Key: 'team', Value: 'ingest' }]);
  await client.tagResource({ ResourceARN: arn, Tags: { team: 'delivery' } });
  await client.untagResource({ ResourceARN: arn, TagKeys: ['absent'] });
  assert.deepEqual((await client.listTagsForResource({ ResourceARN: arn })).Tags, [{ Key: 'team', Value: 'delivery' }]);

  for (const [resource, action] of [
    [stream!, 'kinesis:PutRecords'],
    [arn, 'kinesis:SubscribeToShard'],
  ] as const) {
    const policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { AWS: '999999999999' }, Action: action, Resource: resource }],
    });
    // CREATE reads first: a policy that is there already is AlreadyExists.
    const before = await client.getResourcePolicy({ ResourceARN: resource });
    assert.ok(before.Policy === undefined || before.Policy === '' || before.Policy === '{}', before.Policy);
    await client.putResourcePolicy({ ResourceARN: resource, Policy: policy });
    const { Policy: kept } = await client.getResourcePolicy({ ResourceARN: resource });
    assert.deepEqual(JSON.parse(kept!), JSON.parse(policy));
    await client.deleteResourcePolicy({ ResourceARN: resource });
  }
  await client.deregisterStreamConsumer({ ConsumerARN: arn });
  const absent = (error: Error): boolean => error.name === 'ResourceNotFoundException';
  await untilTrue(() => client.describeStreamConsumer({ ConsumerARN: arn }).then(() => false, absent));
});

test('Terraform’s provider 6: tags and record size at creation, changes of it, account settings', async () => {
  const { OpenShardCount, ShardLimit } = await client.describeLimits({});
  assert.ok(OpenShardCount! + 2 <= ShardLimit!);
  await client.createStream({
    StreamName: 'tf6',
    ShardCount: 2,
    MaxRecordSizeInKiB: 2048,
    StreamModeDetails: { StreamMode: 'PROVISIONED' },
    Tags: { key1: 'value1' },
  });
  const { StreamARN: arn } = await streamActive(client, 'tf6');
  // The default of 24 hours is always sent: no increase, and no error.
  await client.increaseStreamRetentionPeriod({ StreamName: 'tf6', RetentionPeriodHours: 24 });
  const model = { ...plain, retentionHours: 24, tags: { key1: 'value1' }, maxRecordKib: 2048 };
  assert.deepEqual(await read('tf6'), model);
  await client.updateMaxRecordSize({ StreamARN: arn!, MaxRecordSizeInKiB: 1024 });
  await streamActive(client, 'tf6');
  assert.deepEqual(await read('tf6'), { ...model, maxRecordKib: 1024 });
  const commitment = { MinimumThroughputBillingCommitment: { Status: 'ENABLED' as const } };
  await client.updateAccountSettings(commitment);
  const { MinimumThroughputBillingCommitment: kept } = await client.describeAccountSettings({});
  assert.equal(kept!.Status, 'ENABLED');
  assert.ok(kept!.StartedAt instanceof Date && kept!.EarliestAllowedEndAt! > kept!.StartedAt);
});
