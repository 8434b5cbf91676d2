export { consume, Consumer } from './consumer.ts';
export type { ConsumerEvent, ConsumerMetrics, ShardMetrics } from './events.ts';
export { DynamoDBLeases } from './leases/dynamodb-leases.ts';
export type { Checkpoint, Lease, LeaseChange, LeaseStore, Tip, WorkerReport } from './leases/lease.ts';
export { changed } from './leases/lease.ts';
export { MemoryLeases } from './leases/memory-leases.ts';
export { PostgresLeases } from './leases/postgres-leases.ts';
export type { PostgresPool } from './leases/postgres-leases.ts';
export { PoisonRecord } from './options.ts';
export type {
  ConsumedRecord,
  ConsumedLeases,
  ConsumedStreams,
  ConsumerBehaviour,
  ConsumerOptions,
  ProcessContext,
  Processor,
  Verdict,
} from './options.ts';
export { listShards, streamReference } from './shards.ts';
