import type { AuthenticationConfiguration } from '@millrace/model/firehose';
import type { Destination } from './destinations/kinds.ts';

/**
 * The registry's state of Firehose. Changed only by the changes in changes.ts, through the registry; everyone else reads it.
 */
export interface FirehoseState {
  /** By deliveryStreamKey(account, region, name). */
  readonly deliveryStreams: Map<string, DeliveryStream>;
  /** The next shard log's id, counted from firstLogId; ids are never used again. */
  nextLogId: number;
}

export interface DeliveryStream {
  readonly account: string;
  readonly region: string;
  readonly name: string;
  readonly arn: string;
  readonly createdMs: number;
  updatedMs: number | undefined;
  status: 'CREATING' | 'ACTIVE' | 'DELETING';
  /** Counted up by each UpdateDestination; part of object names. */
  version: number;
  destination: Destination;
  encryption: Encryption;
  readonly tags: Map<string, string>;
  /** The stream that it reads; undefined where records are put directly. */
  readonly source: StreamSource | undefined;
  /** The topic that it reads; undefined where it reads none. */
  readonly topic: TopicSource | undefined;
  /** By partition of the topic: the offset of the next record; undefined before the first look. */
  topicPositions: Readonly<Record<string, string>> | undefined;
  /** Records that are put directly, and those of a topic, lie in this shard of the log until they are delivered. */
  readonly logId: number;
  /** By shard of the log: records before this index are delivered. A shard that is not named is new. */
  positions: Readonly<Record<string, number>>;
  /** When the present CREATING, DELETING, ENABLING or DISABLING ends; undefined when nothing is pending. */
  dueMs: number | undefined;
  /** Times (ms) of recent calls to Start and StopDeliveryStreamEncryption: AWS allows 25 in 24 h. */
  recentEncryptionChangesMs: number[];
}

export interface StreamSource {
  readonly arn: string;
  readonly roleArn: string;
  /** Which stream of that name it is. */
  readonly streamId: string;
  readonly startMs: number;
}

export interface TopicSource {
  readonly clusterArn: string;
  readonly topicName: string;
  readonly authentication: AuthenticationConfiguration;
  /** From when on it is read; from its start on where it is not said. */
  readonly readFromMs: number | undefined;
  readonly startMs: number;
}

export interface Encryption {
  status: 'ENABLING' | 'ENABLED' | 'DISABLING' | 'DISABLED';
  keyType: 'AWS_OWNED_CMK' | 'CUSTOMER_MANAGED_CMK' | undefined;
  keyArn: string | undefined;
  /** The log's data key for what is put now; 0 leaves it plain. */
  keyRef: number;
}

/** The log is shared with Data Streams, which counts its shards from 1: Firehose's ids begin beyond all of them. */
export const firstLogId = 2 ** 40;

export function deliveryStreamKey(account: string, region: string, name: string): string {
  return `${account}:${region}:${name}`;
}
