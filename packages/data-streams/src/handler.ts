import type * as Kinesis from '@millrace/model/kinesis';
import type { DataStreams, RequestContext } from './service.ts';

/** Input and output of each operation, by name, from the model. */
export type Operations = Omit<Kinesis.Operations, MissingOperation>;

/** The model's queue and channel operations, which Millrace does not have yet: they answer UnknownOperationException. */
export type MissingOperation =
  | 'AcknowledgeDeadLetterQueueRecords'
  | 'AcknowledgeQueueRecords'
  | 'CreateChannel'
  | 'CreateQueue'
  | 'DeleteChannel'
  | 'DeleteQueue'
  | 'DescribeChannel'
  | 'DescribeQueue'
  | 'ListChannels'
  | 'ListQueues'
  | 'ReceiveDeadLetterQueueRecords'
  | 'ReceiveQueueRecords'
  | 'RestoreDeadLetterQueueRecords'
  | 'UpdateChannel'
  | 'UpdateDeadLetterQueueRecordsVisibility'
  | 'UpdateQueue'
  | 'UpdateQueueRecordsVisibility';

export type Handler<Name extends keyof Operations> = (
  service: DataStreams,
  input: Operations[Name]['input'],
  context: RequestContext,
) => Operations[Name]['output'] | Promise<Operations[Name]['output']>;

export type Handlers = { readonly [Name in keyof Operations]: Handler<Name> };
