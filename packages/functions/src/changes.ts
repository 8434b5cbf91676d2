import type { Change } from './change.ts';
import { eventsDoneChange, openQueueChange } from './events/queue-changes.ts';
import { createFunctionChange } from './operations/create-function.ts';
import { deleteFunctionChange } from './operations/delete-function.ts';
import { updateFunctionCodeChange } from './operations/update-function-code.ts';
import { updateFunctionConfigurationChange } from './operations/update-function-configuration.ts';
import { finishPendingChange } from './pending.ts';

/** Every kind of change, by the type of its command. */
export const changes = {
  CreateFunction: createFunctionChange,
  DeleteFunction: deleteFunctionChange,
  EventsDone: eventsDoneChange,
  FinishPending: finishPendingChange,
  OpenQueue: openQueueChange,
  UpdateFunctionCode: updateFunctionCodeChange,
  UpdateFunctionConfiguration: updateFunctionConfigurationChange,
} as const;

type CommandOf<C> = C extends Change<infer Command, infer _Result> ? Command : never;

/** Every command of the registry. */
export type Command = CommandOf<(typeof changes)[keyof typeof changes]>;
