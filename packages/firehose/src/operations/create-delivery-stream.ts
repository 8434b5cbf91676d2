import type { CreateDeliveryStreamInput } from '@millrace/model/firehose';
import type { Change } from '../change.ts';
import { checkSchema } from '../conversion/schema.ts';
import { checkOwnDomain, destinationOf } from '../destinations/destination.ts';
import type { Destination } from '../destinations/kinds.ts';
import { deliveryStreamArn } from '../arn.ts';
import { masterKeyOf } from '../encryption.ts';
import { invalidArgument, limitExceeded, resourceInUse } from '../errors.ts';
import type { Handler } from '../handler.ts';
import { deliveryStreamKey } from '../state.ts';
import { latestPositions } from '../source.ts';
import type { Encryption, FirehoseState, StreamSource, TopicSource } from '../state.ts';
import type { Firehose } from '../service.ts';
import { topicOf } from '../topics/topic-settings.ts';
import { addTags, tagsOf } from '../tags.ts';
import { checkQuery } from './checked-query.ts';

/** AWS's quota for an account in a region. */
const deliveryStreamsPerAccount = 5000;

export interface CreateDeliveryStreamCommand {
  readonly type: 'CreateDeliveryStream';
  readonly atMs: number;
  readonly dueMs: number;
  readonly account: string;
  readonly region: string;
  readonly name: string;
  readonly destination: Destination;
  readonly source: (StreamSource & { readonly positions: Readonly<Record<string, number>> }) | undefined;
  readonly topic: TopicSource | undefined;
  readonly encryption: Encryption;
  readonly tags: readonly (readonly [string, string])[];
  /** Whether AWS's quotas are looked at. */
  readonly limited: boolean;
}

/** Answers at once; the delivery stream is CREATING and becomes ACTIVE later. */
export const createDeliveryStream: Handler<'CreateDeliveryStream'> = async (service, input, context) => {
  const { account, region } = context;
  const { DeliveryStreamName: name } = input;
  const destination = destinationOf(input, service.settings);
  checkOwnDomain(destination, account);
  // Before a data key is made: it would stay.
  const tags = tagsOf(input.Tags ?? []);
  checkNameFree(service.state, context, name);
  await checkQuery(service, destination);
  await checkSchema(service, destination, context);
  const now = service.world.clock.now();
  await service.change({
    type: 'CreateDeliveryStream',
    atMs: now,
    dueMs: now + service.settings.transitionMs,
    account,
    region,
    name,
    destination,
    source: sourceOf(service, input, { now, account }),
    topic: topicOf(service.topics, input, { startMs: now, account }),
    encryption: await encryptionOf(input, (keyId) => service.keys.create(keyId, account, region)),
    tags,
    limited: service.settings.limits === 'aws',
  });
  return { DeliveryStreamARN: service.state.deliveryStreams.get(deliveryStreamKey(account, region, name))!.arn };
};

/** A stream is read from what comes after this moment. Throws InvalidArgumentException where type and source contradict. */
function sourceOf(
  { sources, log }: Firehose,
  { DeliveryStreamType: type = 'DirectPut', ...input }: CreateDeliveryStreamInput,
  { now, account }: { readonly now: number; readonly account: string },
): CreateDeliveryStreamCommand['source'] {
  const { KinesisStreamSourceConfiguration: given } = input;
  if (type === 'DatabaseAsSource') throw invalidArgument('Millrace does not have databases as sources.');
  if ((type === 'KinesisStreamAsSource') !== (given !== undefined))
    throw invalidArgument(
      'KinesisStreamSourceConfiguration must be specified when, and only when, DeliveryStreamType is KinesisStreamAsSource.',
    );
  if (given === undefined) return undefined;
  if (input.DeliveryStreamEncryptionConfigurationInput !== undefined)
    throw invalidArgument("Server-side encryption is the stream's where a Kinesis stream is the source.");
  // No role is assumed: nobody may have read what is another account's.
  const isOwn = given.KinesisStreamARN.split(':')[4] === account;
  const stream = isOwn ? sources.find(given.KinesisStreamARN) : undefined;
  if (stream === undefined) throw invalidArgument(`Kinesis stream ${given.KinesisStreamARN} not found.`);
  return {
    arn: given.KinesisStreamARN,
    roleArn: given.RoleARN,
    streamId: stream.id,
    startMs: now,
    positions: latestPositions(log, stream),
  };
}

async function encryptionOf(
  { DeliveryStreamEncryptionConfigurationInput: wanted }: CreateDeliveryStreamInput,
  createKey: (keyId: string) => Promise<number>,
): Promise<Encryption> {
  if (wanted === undefined) return { status: 'DISABLED', keyType: undefined, keyArn: undefined, keyRef: 0 };
  const { keyType, keyArn, masterKey } = masterKeyOf(wanted);
  return { status: 'ENABLED', keyType, keyArn, keyRef: await createKey(masterKey) };
}

export const createDeliveryStreamChange: Change<CreateDeliveryStreamCommand> = {
  type: 'CreateDeliveryStream',
  apply(state, command) {
    const { account, region, name, atMs, dueMs, destination, encryption, topic, tags: given, limited } = command;
    const key = deliveryStreamKey(account, region, name);
    checkNameFree(state, command, name);
    if (limited && ownCount(state.deliveryStreams.keys(), `${account}:${region}:`) >= deliveryStreamsPerAccount)
      throw limitExceeded(`You have already consumed your firehose quota of ${deliveryStreamsPerAccount} hoses.`);
    const tags = new Map<string, string>();
    addTags(tags, given);
    state.deliveryStreams.set(key, {
      account,
      region,
      name,
      arn: deliveryStreamArn(region, account, name),
      createdMs: atMs,
      updatedMs: undefined,
      status: 'CREATING',
      version: 1,
      destination,
      encryption,
      tags,
      source: command.source && withoutPositions(command.source),
      topic,
      topicPositions: undefined,
      logId: state.nextLogId,
      positions: command.source?.positions ?? {},
      dueMs,
      recentEncryptionChangesMs: [],
    });
    state.nextLogId += 1;
  },
};

function checkNameFree(
  state: FirehoseState,
  { account, region }: { readonly account: string; readonly region: string },
  name: string,
): void {
  if (state.deliveryStreams.has(deliveryStreamKey(account, region, name)))
    throw resourceInUse(`Firehose ${name} under accountId ${account} already exists`);
}

function withoutPositions({ arn, roleArn, streamId, startMs }: StreamSource): StreamSource {
  return { arn, roleArn, streamId, startMs };
}

function ownCount(keys: Iterable<string>, prefix: string): number {
  let count = 0;
  for (const key of keys) if (key.startsWith(prefix)) count += 1;
  return count;
}
