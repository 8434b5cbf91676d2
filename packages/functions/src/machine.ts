import type { Machine } from '@millrace/log';
import { AwsError } from '@millrace/model';
import type { Change } from './change.ts';
import { changes } from './changes.ts';
import type { Command } from './changes.ts';
import { firstLogId } from './state.ts';
import type { EventQueue, FunctionsState, StoredFunction } from './state.ts';

/** A refusal travels as a value: the registry's machine must not throw. */
export type Outcome = { readonly result: unknown } | { readonly refused: Refusal };

export interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly status: number;
  readonly members: Readonly<Record<string, unknown>> | undefined;
}

interface Saved {
  readonly nextLogId: number;
  readonly functions: [string, StoredFunction][];
  readonly queues: [string, EventQueue][];
}

/** The registry of functions. */
export const functionsMachine: Machine<FunctionsState, Command, Outcome> = {
  name: 'functions',
  version: 1,
  initial: () => ({ functions: new Map(), queues: new Map(), nextLogId: firstLogId }),
  apply(state, command) {
    const change = changes[command.type] as Change<Command, unknown>;
    try {
      return { result: change.apply(state, command) };
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      const { code, message, status, members } = error;
      return { refused: { code, message, status, members } };
    }
  },
  snapshot: ({ nextLogId, functions, queues }): Saved => ({
    nextLogId,
    functions: [...functions].map(([key, one]) => [key, { ...one }]),
    queues: [...queues].map(([key, queue]) => [key, { ...queue }]),
  }),
  restore(snapshot) {
    const { nextLogId, functions, queues } = snapshot as Saved;
    return { nextLogId, functions: new Map(functions), queues: new Map(queues) };
  },
};
