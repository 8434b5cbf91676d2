import { KinesisClient } from '@aws-sdk/client-kinesis';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { realWorld } from '@millrace/world';
import { DynamoDBLeases } from './leases/dynamodb-leases.ts';
import type { LeaseStore } from './leases/lease.ts';
import type { ConsumerOptions, ConsumerSettings } from './options.ts';
import { patientClient, patientStore } from './patience.ts';

/** The options with what they leave open. Throws a TypeError for what can never work. */
export function settingsOf(options: ConsumerOptions): ConsumerSettings {
  const world = options.world ?? realWorld();
  if ((options.stream === undefined) === (options.streams === undefined))
    throw new TypeError('give stream, or streams where there may be several');
  if (options.leases === undefined && options.application === undefined)
    throw new TypeError('give application, the name for its leases in DynamoDB, or leases');
  const { initialPosition } = options;
  if (initialPosition instanceof Date && Number.isNaN(initialPosition.getTime()))
    throw new TypeError('initialPosition is an invalid date');
  if (typeof options.processor !== 'function') throw new TypeError('processor must be a function');
  const times = timesOf(options);
  const patience = { clock: world.clock, ms: times.requestTimeoutMs };
  return {
    ...options,
    world,
    client: patientClient(options.client ?? new KinesisClient({}), patience),
    leases: patientStore(options.leases ?? leasesOf(options.application), patience),
    workerId: options.workerId ?? world.random.uuid(),
    ...times,
  };
}

type Times = Pick<
  ConsumerSettings,
  'failoverMs' | 'handOverMs' | 'idleMs' | 'shardSyncMs' | 'requestTimeoutMs' | 'maxRecords'
>;

function timesOf(options: ConsumerOptions): Times {
  const times = {
    failoverMs: options.failoverMs ?? 10_000,
    handOverMs: options.handOverMs ?? 30_000,
    idleMs: options.idleMs ?? 1000,
    shardSyncMs: options.shardSyncMs ?? 60_000,
    requestTimeoutMs: options.requestTimeoutMs ?? 30_000,
    maxRecords: options.maxRecords ?? 10_000,
  };
  for (const [name, value] of Object.entries(times))
    if (!(value > 0 || (value === 0 && mayBeZero.has(name)))) throw new TypeError(`${name} must be above 0`);
  return times;
}

const mayBeZero = new Set(['handOverMs', 'idleMs', 'shardSyncMs']);

/** By a client of the environment, made when it is first used. */
function leasesOf(application: string): LeaseStore {
  let client: Promise<DynamoDBClient> | undefined;
  const send = async (...parameters: Parameters<DynamoDBClient['send']>): Promise<unknown> => {
    client ??= import('@aws-sdk/client-dynamodb').then(({ DynamoDBClient }) => new DynamoDBClient({}));
    return (await client).send(...parameters);
  };
  return new DynamoDBLeases({ send: send as DynamoDBClient['send'] }, application);
}
