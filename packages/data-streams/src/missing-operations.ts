import type { MissingOperation } from './handler.ts';

/** Queues and channels: they answer UnknownOperationException. A name that is none of the type's does not compile. */
export const missingOperations: readonly MissingOperation[] = [
  'AcknowledgeDeadLetterQueueRecords',
  'AcknowledgeQueueRecords',
  'CreateChannel',
  'CreateQueue',
  'DeleteChannel',
  'DeleteQueue',
  'DescribeChannel',
  'DescribeQueue',
  'ListChannels',
  'ListQueues',
  'ReceiveDeadLetterQueueRecords',
  'ReceiveQueueRecords',
  'RestoreDeadLetterQueueRecords',
  'UpdateChannel',
  'UpdateDeadLetterQueueRecordsVisibility',
  'UpdateQueue',
  'UpdateQueueRecordsVisibility',
];
