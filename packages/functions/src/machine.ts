import type { Machine } from '@millrace/log';
import { outcomeOf } from '@millrace/model';
import type { Outcome } from '@millrace/model';
import type { Change } from './change.ts';
import { changes } from './changes.ts';
import type { Command } from './changes.ts';
import { firstLogId } from './state.ts';
import type { Mapping } from './mappings/mapping.ts';
import type { EventQueue, FunctionsState, StoredFunction } from './state.ts';

interface Saved {
  readonly nextLogId: number;
  readonly functions: [string, StoredFunction][];
  readonly queues: [string, EventQueue][];
  readonly mappings: Mapping[];
}

/** The registry of functions. */
export const functionsMachine: Machine<FunctionsState, Command, Outcome> = {
  name: 'functions',
  version: 1,
  initial: () => ({ functions: new Map(), queues: new Map(), mappings: new Map(), nextLogId: firstLogId }),
  apply(state, command) {
    const change = changes[command.type] as Change<Command, unknown>;
    return outcomeOf(() => change.apply(state, command));
  },
  snapshot: ({ nextLogId, functions, queues, mappings }): Saved => ({
    nextLogId,
    functions: [...functions].map(([key, one]) => [key, { ...one }]),
    queues: [...queues].map(([key, queue]) => [key, { ...queue }]),
    mappings: [...mappings.values()].map((mapping) => ({ ...mapping })),
  }),
  restore(snapshot) {
    const { nextLogId, functions, queues, mappings } = snapshot as Saved;
    return {
      nextLogId,
      functions: new Map(functions),
      queues: new Map(queues),
      mappings: new Map(mappings.map((mapping) => [mapping.uuid, mapping])),
    };
  },
};
