export { Aggregator, aggregate } from './aggregator.ts';
export type { AggregatedRecord, AggregationLimits } from './aggregator.ts';
export { deaggregate, isAggregated } from './deaggregate.ts';
export type { HashKeyRange, KinesisRecord, UserRecordRead } from './deaggregate.ts';
export type { UserRecord } from './user-record.ts';
