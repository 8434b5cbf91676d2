import { AwsError } from '@millrace/model';
import type { Change } from '../change.ts';
import type { Handler } from '../handler.ts';
import { findConsumer, keyOf, streamAt } from '../stream-lookup.ts';
import type { StreamCommand } from '../stream-change.ts';

export interface DeregisterStreamConsumerCommand extends StreamCommand {
  readonly type: 'DeregisterStreamConsumer';
  readonly name: string;
}

/** The consumer is DELETING and its subscriptions end at once. */
export const deregisterStreamConsumer: Handler<'DeregisterStreamConsumer'> = async (service, input, context) => {
  const { stream, consumer } = findConsumer(service.state, input);
  service.limits.call('DeregisterStreamConsumer', context.account, context.region, keyOf(stream));
  const atMs = service.world.clock.now();
  await service.change({
    type: 'DeregisterStreamConsumer',
    atMs,
    dueMs: atMs + service.settings.transitionMs,
    stream: keyOf(stream),
    name: consumer.name,
  });
  service.fanout.endSessions(consumer.arn);
  return {};
};

export const deregisterStreamConsumerChange: Change<DeregisterStreamConsumerCommand> = {
  type: 'DeregisterStreamConsumer',
  apply(state, { stream: key, name, dueMs }) {
    const stream = streamAt(state, key);
    const consumer = stream.consumers.get(name);
    if (consumer === undefined || consumer.status === 'DELETING') {
      throw new AwsError(
        'ResourceNotFoundException',
        `Consumer ${name} of stream ${stream.name} under account ${stream.account} not found.`,
      );
    }
    consumer.status = 'DELETING';
    consumer.dueMs = dueMs;
  },
};
