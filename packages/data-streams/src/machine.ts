import { outcomeOf } from '@millrace/model';
import type { Outcome } from '@millrace/model';
import type { Machine } from '@millrace/log';
import { changes } from './changes.ts';
import type { Command } from './changes.ts';
import type { Change } from './change.ts';
import type { AccountSettings, Consumer, Pending, Shard, Stream, StreamsState } from './state.ts';

/** Data Streams' part of the registry. */
export const streamsMachine: Machine<StreamsState, Command, Outcome> = {
  name: 'data-streams',
  version: 1,
  initial: () => ({ streams: new Map(), accounts: new Map(), policies: new Map(), nextLogId: 1 }),
  apply(state, command) {
    const change = changes[command.type] as Change<Command, unknown>;
    return outcomeOf(() => change.apply(state, command));
  },
  snapshot: (state) => ({
    nextLogId: state.nextLogId,
    accounts: [...state.accounts],
    policies: [...state.policies],
    streams: [...state.streams.values()].map((stream) => ({
      ...stream,
      tags: [...stream.tags],
      consumers: [...stream.consumers.values()].map((consumer) => ({ ...consumer, tags: [...consumer.tags] })),
      pending: encodePending(stream.pending),
      shards: [...stream.shards.values()].map((shard) => ({
        ...shard,
        startHash: String(shard.startHash),
        endHash: String(shard.endHash),
      })),
    })),
  }),
  restore(snapshot) {
    const saved = snapshot as SavedState;
    return {
      nextLogId: saved.nextLogId,
      accounts: new Map(saved.accounts),
      policies: new Map(saved.policies),
      streams: new Map(
        saved.streams.map((stream) => [`${stream.account}:${stream.region}:${stream.name}`, restoreStream(stream)]),
      ),
    };
  },
};

type Saved<T, K extends keyof T> = Omit<T, K> & { readonly [key in K]: unknown };
type SavedStream = Saved<Stream, 'tags' | 'consumers' | 'pending' | 'shards'>;
interface SavedState {
  readonly nextLogId: number;
  readonly accounts: [string, AccountSettings][];
  readonly policies: [string, string][];
  readonly streams: SavedStream[];
}

function restoreStream(saved: SavedStream): Stream {
  const consumers = saved.consumers as (Omit<Consumer, 'tags'> & { tags: [string, string][] })[];
  const shards = saved.shards as (Omit<Shard, 'startHash' | 'endHash'> & { startHash: string; endHash: string })[];
  return {
    ...saved,
    tags: new Map(saved.tags as [string, string][]),
    consumers: new Map(consumers.map((consumer) => [consumer.name, { ...consumer, tags: new Map(consumer.tags) }])),
    pending: decodePending(saved.pending),
    shards: new Map(
      shards.map((shard) => [
        shard.number,
        { ...shard, startHash: BigInt(shard.startHash), endHash: BigInt(shard.endHash) },
      ]),
    ),
    warmThroughputMiBps: saved.warmThroughputMiBps ?? undefined,
  };
}

function encodePending(pending: Pending | undefined): unknown {
  if (pending?.type !== 'reshard') return pending;
  return {
    ...pending,
    steps: pending.steps.map((step) =>
      step.type === 'split' ? { ...step, newStartingHash: String(step.newStartingHash) } : step,
    ),
  };
}

function decodePending(saved: unknown): Pending | undefined {
  const pending = (saved ?? undefined) as Pending | undefined;
  if (pending?.type !== 'reshard') return pending;
  return {
    ...pending,
    steps: pending.steps.map((step) =>
      step.type === 'split' ? { ...step, newStartingHash: BigInt(step.newStartingHash as bigint | string) } : step,
    ),
  };
}
