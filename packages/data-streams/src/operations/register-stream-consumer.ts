import { AwsError } from '@millrace/model';
import type { Change } from '../change.ts';
import { limitExceeded } from '../errors.ts';
import type { Handler } from '../handler.ts';
import { describeConsumer } from '../consumers.ts';
import { beginStreamChange, activeStream } from '../stream-change.ts';
import type { StreamCommand } from '../stream-change.ts';
import type { Consumer } from '../state.ts';
import { addTags } from '../tags.ts';

const creatingAtOnce = 5;
const advantageConsumers = 50;

export interface RegisterStreamConsumerCommand extends StreamCommand {
  readonly type: 'RegisterStreamConsumer';
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Undefined without quotas. */
  readonly quota: number | undefined;
}

/** The consumer is CREATING, then ACTIVE; only then it may subscribe. */
export const registerStreamConsumer: Handler<'RegisterStreamConsumer'> = async (service, input, context) => {
  const { stream, command } = beginStreamChange(
    service,
    'RegisterStreamConsumer',
    { StreamARN: input.StreamARN },
    context,
  );
  const advantage =
    service.state.accounts.get(`${stream.account}:${stream.region}`)?.billingCommitment.status === 'ENABLED';
  const quota = Math.max(service.settings.consumersPerStream, advantage ? advantageConsumers : 0);
  const consumer = await service.change<Consumer>({
    ...command,
    type: 'RegisterStreamConsumer',
    name: input.ConsumerName,
    tags: input.Tags ?? {},
    quota: service.settings.limits === 'none' ? undefined : quota,
  });
  return { Consumer: describeConsumer(consumer) };
};

export const registerStreamConsumerChange: Change<RegisterStreamConsumerCommand, Consumer> = {
  type: 'RegisterStreamConsumer',
  apply(state, { stream: key, name, tags, quota, atMs, dueMs }) {
    const stream = activeStream(state, key);
    if (stream.consumers.has(name)) {
      throw new AwsError(
        'ResourceInUseException',
        `Consumer ${name} under stream ${stream.name} already exists for account ${stream.account}.`,
      );
    }
    const creating = [...stream.consumers.values()].filter(({ status }) => status === 'CREATING').length;
    if (quota !== undefined && (stream.consumers.size >= quota || creating >= creatingAtOnce)) {
      throw limitExceeded(
        stream.consumers.size >= quota
          ? `Stream ${stream.name} under account ${stream.account} has reached its limit of ${quota} registered consumers.`
          : `Stream ${stream.name} under account ${stream.account} has ${creatingAtOnce} consumers in the CREATING state at the same time.`,
      );
    }
    const consumer: Consumer = {
      name,
      arn: `${stream.arn}/consumer/${name}:${Math.floor(atMs / 1000)}`,
      createdMs: atMs,
      status: 'CREATING',
      dueMs,
      tags: new Map(),
    };
    addTags(consumer.tags, tags, consumer.arn);
    stream.consumers.set(name, consumer);
    return consumer;
  },
};
