import type { Change } from '../change.ts';
import type { Handler } from '../handler.ts';
import { describedMapping, findMapping } from '../mappings/described-mapping.ts';
import { checkIdle } from './update-event-source-mapping.ts';

export interface DeleteMappingCommand {
  readonly type: 'DeleteMapping';
  readonly atMs: number;
  readonly dueMs: number;
  readonly uuid: string;
}

/** Answers at once; the mapping is Deleting until what is with the function has come back. */
export const deleteEventSourceMapping: Handler<'DeleteEventSourceMapping'> = async (service, input, context) => {
  const mapping = findMapping(service.state, input.UUID, context);
  checkIdle(mapping, 'delete');
  const now = service.world.clock.now();
  const dueMs = now + service.settings.transitionMs;
  await service.change({ type: 'DeleteMapping', atMs: now, dueMs, uuid: mapping.uuid });
  return { ...describedMapping(mapping), State: 'Deleting' };
};

export const deleteMappingChange: Change<DeleteMappingCommand> = {
  type: 'DeleteMapping',
  apply(state, { uuid, dueMs }) {
    const mapping = state.mappings.get(uuid);
    if (mapping === undefined) return;
    checkIdle(mapping, 'delete');
    Object.assign(mapping, { state: 'Deleting', dueMs });
  },
};
