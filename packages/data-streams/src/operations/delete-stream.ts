import { AwsError } from '@millrace/model';
import type { Change } from '../change.ts';
import { notActive } from '../errors.ts';
import type { Handler } from '../handler.ts';
import { findStream, keyOf, streamAt } from '../stream-lookup.ts';

export interface DeleteStreamCommand {
  readonly type: 'DeleteStream';
  readonly atMs: number;
  readonly dueMs: number;
  readonly stream: string;
  readonly enforceConsumerDeletion: boolean;
}

/** The stream is DELETING and answers no data call any more; its records go with it. */
export const deleteStream: Handler<'DeleteStream'> = async (service, input, context) => {
  service.limits.call('DeleteStream', context.account, context.region);
  const stream = findStream(service.state, input, context);
  const now = service.world.clock.now();
  await service.change({
    type: 'DeleteStream',
    atMs: now,
    dueMs: now + service.settings.transitionMs,
    stream: keyOf(stream),
    enforceConsumerDeletion: input.EnforceConsumerDeletion ?? false,
  });
  for (const consumer of stream.consumers.values()) service.fanout.endSessions(consumer.arn);
  return {};
};

export const deleteStreamChange: Change<DeleteStreamCommand> = {
  type: 'DeleteStream',
  apply(state, { stream: key, dueMs, enforceConsumerDeletion }) {
    const stream = streamAt(state, key);
    if (stream.status === 'DELETING') throw notActive(stream);
    if (stream.consumers.size > 0 && !enforceConsumerDeletion) {
      throw new AwsError(
        'ResourceInUseException',
        `Stream ${stream.name} under account ${stream.account} has registered consumers. Deregister them first or set EnforceConsumerDeletion.`,
      );
    }
    stream.status = 'DELETING';
    stream.pending = { type: 'delete', dueMs };
  },
};
