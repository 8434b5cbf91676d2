export { consume, Consumer } from './consumer.ts';
export type { ConsumerMetrics } from './consumer.ts';
export { DynamoDBLeases } from './leases/dynamodb-leases.ts';
export type { Checkpoint, Lease, LeaseChange, LeaseStore } from './leases/lease.ts';
export { MemoryLeases } from './leases/memory-leases.ts';
export { listShards, streamReference } from './shards.ts';
export type { ConsumedRecord, ConsumerEvent, ConsumerOptions, ProcessContext, Processor, Verdict } from './options.ts';
