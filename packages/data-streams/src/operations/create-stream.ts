import { checkWarmThroughput } from '../capacity.ts';
import type { Change } from '../change.ts';
import { invalidArgument, limitExceeded } from '../errors.ts';
import { AwsError, partitionOf } from '@millrace/model';
import type { Handler } from '../handler.ts';
import { shardQuota } from '../service.ts';
import { accountShardCount, evenRanges, openShard } from '../shards.ts';
import { streamKey } from '../state.ts';
import type { Stream } from '../state.ts';
import { addTags, checkTagCharacters } from '../tags.ts';

/** A new on-demand stream takes 4 MB/s: four shards. */
export const onDemandStartShards = 4;
const onDemandStreamsPerAccount = 50;
const creatingAtOnce = 5;

export interface CreateStreamCommand {
  readonly type: 'CreateStream';
  readonly atMs: number;
  readonly dueMs: number;
  readonly account: string;
  readonly region: string;
  readonly name: string;
  readonly id: string;
  readonly mode: Stream['mode'];
  readonly shardCount: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly maxRecordSizeKiB: number;
  readonly warmThroughputMiBps: number | undefined;
  readonly recordDistribution: Stream['recordDistribution'];
  readonly shardQuota: number;
  /** Whether AWS's other quotas are looked at. */
  readonly limited: boolean;
}

/** AWS answers at once with an empty body; the stream is CREATING and becomes ACTIVE later. */
export const createStream: Handler<'CreateStream'> = async (service, input, context) => {
  service.limits.call('CreateStream', context.account, context.region);
  const mode = input.StreamModeDetails?.StreamMode ?? (input.ShardCount === undefined ? 'ON_DEMAND' : 'PROVISIONED');
  if (mode === 'PROVISIONED' && input.ShardCount === undefined)
    throw invalidArgument('ShardCount must be specified for a stream in PROVISIONED mode.');
  if (mode === 'ON_DEMAND' && input.ShardCount !== undefined)
    throw invalidArgument('ShardCount must not be specified for a stream in ON_DEMAND mode.');
  if (mode === 'PROVISIONED' && input.RecordDistributionStrategy === 'AUTO') {
    throw invalidArgument('RecordDistributionStrategy AUTO is only supported for streams in ON_DEMAND mode.');
  }
  if (mode === 'PROVISIONED' && input.WarmThroughputMiBps !== undefined) {
    throw invalidArgument('WarmThroughputMiBps is only supported for streams in ON_DEMAND mode.');
  }
  checkWarmThroughput(input.WarmThroughputMiBps);
  const tags = input.Tags ?? {};
  checkTagCharacters(
    Object.entries(tags).flat(),
    `add tags to stream ${input.StreamName} under account ${context.account}`,
  );
  const now = service.world.clock.now();
  await service.change({
    type: 'CreateStream',
    atMs: now,
    dueMs: now + service.settings.transitionMs,
    account: context.account,
    region: context.region,
    name: input.StreamName,
    id: newStreamId(service.world.random.bytes(23)),
    mode,
    shardCount: input.ShardCount ?? Math.max(onDemandStartShards, input.WarmThroughputMiBps ?? 0),
    tags,
    maxRecordSizeKiB: input.MaxRecordSizeInKiB ?? 1024,
    warmThroughputMiBps: input.WarmThroughputMiBps,
    recordDistribution: input.RecordDistributionStrategy ?? 'USER_PARTITION_KEY',
    shardQuota: shardQuota(service.settings),
    limited: service.settings.limits === 'aws',
  });
  return {};
};

export const createStreamChange: Change<CreateStreamCommand> = {
  type: 'CreateStream',
  apply(state, command) {
    const { account, region, name, atMs } = command;
    const key = streamKey(account, region, name);
    if (state.streams.has(key))
      throw new AwsError('ResourceInUseException', `Stream ${name} under account ${account} already exists.`);
    if (command.limited) checkQuotas([...state.streams.values()], command);
    const present = accountShardCount(state, account, region);
    if ((command.mode === 'PROVISIONED' || !command.limited) && present + command.shardCount > command.shardQuota)
      throw shardQuotaExceeded({
        account,
        region,
        present,
        shardQuota: command.shardQuota,
        added: command.shardCount,
      });
    const tags = new Map<string, string>();
    addTags(tags, command.tags, `stream ${name} under account ${account}`);
    const stream: Stream = {
      account,
      region,
      name,
      id: command.id,
      arn: `arn:${partitionOf(region)}:kinesis:${region}:${account}:stream/${name}`,
      createdMs: atMs,
      status: 'CREATING',
      mode: command.mode,
      retentionHours: 24,
      encryption: { type: 'NONE', keyId: undefined, keyRef: 0 },
      enhancedMetrics: [],
      tags,
      shards: new Map(),
      nextShardNumber: 0,
      maxRecordSizeKiB: command.maxRecordSizeKiB,
      warmThroughputMiBps: command.warmThroughputMiBps,
      recordDistribution: command.recordDistribution,
      consumers: new Map(),
      pending: { type: 'activate', dueMs: command.dueMs },
      recentShardCountUpdatesMs: [],
      recentEncryptionChangesMs: [],
      recentModeChangesMs: [],
    };
    const createdSecond = Math.floor(atMs / 1000);
    for (const range of evenRanges(command.shardCount))
      openShard(state, stream, { ...range, createdSecond, parent: undefined, adjacentParent: undefined });
    state.streams.set(key, stream);
  },
};

function checkQuotas(streams: readonly Stream[], command: CreateStreamCommand): void {
  const { account, region } = command;
  const own = streams.filter((stream) => stream.account === account && stream.region === region);
  if (own.filter(({ status }) => status === 'CREATING').length >= creatingAtOnce) {
    throw limitExceeded(
      `More than ${creatingAtOnce} streams of account ${account} are in the CREATING state at the same time.`,
    );
  }
  if (
    command.mode === 'ON_DEMAND' &&
    own.filter(({ mode }) => mode === 'ON_DEMAND').length >= onDemandStreamsPerAccount
  ) {
    throw limitExceeded(
      `This request would exceed the limit of ${onDemandStreamsPerAccount} on-demand streams for the account ${account} in ${region}.`,
    );
  }
}

/** AWS's text, recorded. */
export function shardQuotaExceeded(quota: {
  account: string;
  region: string;
  present: number;
  shardQuota: number;
  added: number;
}): AwsError {
  return limitExceeded(
    `This request would exceed the shard limit for the account ${quota.account} in ${quota.region}. Current shard count for the account: ${quota.present}. ` +
      `Limit: ${quota.shardQuota}. Number of additional shards that would have resulted from this request: ${quota.added}. Refer to the AWS Service Limits page ` +
      '(http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) for current limits and how to request higher limits.',
  );
}

/** 20 and 3 characters of a-z and 0-9, as the model's pattern has it. */
function newStreamId(bytes: Buffer): string {
  const text = [...bytes].map((byte) => (byte % 36).toString(36)).join('');
  return `${text.slice(0, 20)}-${text.slice(20)}`;
}
