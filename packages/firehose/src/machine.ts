import type { Machine } from '@millrace/log';
import { outcomeOf } from '@millrace/model';
import type { Outcome } from '@millrace/model';
import type { Change } from './change.ts';
import { changes } from './changes.ts';
import type { Command } from './changes.ts';
import { deliveryStreamKey, firstLogId } from './state.ts';
import type { DeliveryStream, FirehoseState } from './state.ts';

type SavedDeliveryStream = Omit<DeliveryStream, 'tags'> & { readonly tags: [string, string][] };

/** Firehose's part of the registry. */
export const firehoseMachine: Machine<FirehoseState, Command, Outcome> = {
  name: 'firehose',
  version: 1,
  initial: () => ({ deliveryStreams: new Map(), nextLogId: firstLogId }),
  apply(state, command) {
    const change = changes[command.type] as Change<Command, unknown>;
    return outcomeOf(() => change.apply(state, command));
  },
  snapshot: ({ nextLogId, deliveryStreams }) => ({
    nextLogId,
    deliveryStreams: [...deliveryStreams.values()].map((stream) => ({ ...stream, tags: [...stream.tags] })),
  }),
  restore(snapshot) {
    const saved = snapshot as { nextLogId: number; deliveryStreams: SavedDeliveryStream[] };
    const restored = saved.deliveryStreams.map((stream): DeliveryStream => ({
      ...stream,
      // JSON leaves undefined out.
      source: stream.source,
      topic: stream.topic,
      topicPositions: stream.topicPositions,
      updatedMs: stream.updatedMs,
      dueMs: stream.dueMs,
      tags: new Map(stream.tags),
    }));
    return {
      nextLogId: saved.nextLogId,
      deliveryStreams: new Map(
        restored.map((stream) => [deliveryStreamKey(stream.account, stream.region, stream.name), stream]),
      ),
    };
  },
};
