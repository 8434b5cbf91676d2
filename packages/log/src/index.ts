export type * from './shard-log.ts';
export type * from './log-record.ts';
export * from './shard-log-types.ts';
export type * from './registry.ts';
