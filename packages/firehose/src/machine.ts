import type { Machine } from '@millrace/log';
import { AwsError } from '@millrace/model';
import type { Change } from './change.ts';
import { changes } from './changes.ts';
import type { Command } from './changes.ts';
import { deliveryStreamKey, firstLogId } from './state.ts';
import type { DeliveryStream, FirehoseState } from './state.ts';

/** A refusal travels as a value: the registry's machine must not throw. */
export type Outcome =
  | { readonly result: unknown }
  | { readonly refused: { readonly code: string; readonly message: string; readonly status: number } };

type SavedDeliveryStream = Omit<DeliveryStream, 'tags'> & { readonly tags: [string, string][] };

/** Firehose's part of the registry. */
export const firehoseMachine: Machine<FirehoseState, Command, Outcome> = {
  name: 'firehose',
  version: 1,
  initial: () => ({ deliveryStreams: new Map(), nextLogId: firstLogId }),
  apply(state, command) {
    const change = changes[command.type] as Change<Command, unknown>;
    try {
      return { result: change.apply(state, command) };
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      return { refused: { code: error.code, message: error.message, status: error.status } };
    }
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
