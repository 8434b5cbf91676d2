import type { Change } from './change.ts';
import { eventsDoneChange, openQueueChange } from './events/queue-changes.ts';
import { finishMappingChange, mappingProgressChange } from './mappings/mapping-changes.ts';
import { createMappingChange } from './operations/create-event-source-mapping.ts';
import { createFunctionChange } from './operations/create-function.ts';
import { deleteMappingChange } from './operations/delete-event-source-mapping.ts';
import { deleteFunctionChange } from './operations/delete-function.ts';
import { updateMappingChange } from './operations/update-event-source-mapping.ts';
import { updateFunctionCodeChange } from './operations/update-function-code.ts';
import { updateFunctionConfigurationChange } from './operations/update-function-configuration.ts';
import { finishPendingChange } from './pending.ts';

/** Every kind of change, by the type of its command. */
export const changes = {
  CreateFunction: createFunctionChange,
  CreateMapping: createMappingChange,
  DeleteFunction: deleteFunctionChange,
  DeleteMapping: deleteMappingChange,
  EventsDone: eventsDoneChange,
  FinishMapping: finishMappingChange,
  FinishPending: finishPendingChange,
  MappingProgress: mappingProgressChange,
  OpenQueue: openQueueChange,
  UpdateFunctionCode: updateFunctionCodeChange,
  UpdateFunctionConfiguration: updateFunctionConfigurationChange,
  UpdateMapping: updateMappingChange,
} as const;

type CommandOf<C> = C extends Change<infer Command, infer _Result> ? Command : never;

/** Every command of the registry. */
export type Command = CommandOf<(typeof changes)[keyof typeof changes]>;
