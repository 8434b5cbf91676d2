import { openShardCount } from './shards.ts';
import type { Stream } from './state.ts';

/** What DescribeStream and DescribeStreamSummary say alike. */
export function describeStreamBase(stream: Stream): {
  StreamName: string;
  StreamARN: string;
  StreamStatus: Stream['status'];
  StreamModeDetails: { StreamMode: Stream['mode'] };
  RetentionPeriodHours: number;
  StreamCreationTimestamp: number;
  EnhancedMonitoring: { ShardLevelMetrics: never[] }[];
  EncryptionType: 'NONE' | 'KMS';
  KeyId?: string;
} {
  const { encryption } = stream;
  return {
    StreamName: stream.name,
    StreamARN: stream.arn,
    StreamStatus: stream.status,
    StreamModeDetails: { StreamMode: stream.mode },
    RetentionPeriodHours: stream.retentionHours,
    // AWS shows whole seconds (recorded).
    StreamCreationTimestamp: Math.floor(stream.createdMs / 1000) * 1000,
    EnhancedMonitoring: [{ ShardLevelMetrics: stream.enhancedMetrics as never[] }],
    EncryptionType: encryption.type,
    ...(encryption.keyId !== undefined && { KeyId: encryption.keyId }),
  };
}

/**
 * StreamId is left out: the model calls it reserved, and SDKs that get one build a host name of it, past any endpoint they
 * were given (seen with Java's 2.x in KCL 3's fan-out).
 */
export function describeSummary(stream: Stream): ReturnType<typeof describeStreamBase> & {
  OpenShardCount: number;
  ConsumerCount: number;
  MaxRecordSizeInKiB: number;
  RecordDistributionStrategy: Stream['recordDistribution'];
  WarmThroughput?: { TargetMiBps: number; CurrentMiBps: number };
} {
  const warm = stream.warmThroughputMiBps;
  const open = stream.status === 'CREATING' ? 0 : openShardCount(stream);
  return {
    ...describeStreamBase(stream),
    OpenShardCount: open,
    ConsumerCount: stream.consumers.size,
    MaxRecordSizeInKiB: stream.maxRecordSizeKiB,
    RecordDistributionStrategy: stream.recordDistribution,
    ...(warm !== undefined && { WarmThroughput: { TargetMiBps: warm, CurrentMiBps: Math.min(warm, open) } }),
  };
}
