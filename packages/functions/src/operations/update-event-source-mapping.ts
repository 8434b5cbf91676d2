import type { Change } from '../change.ts';
import { resourceInUse } from '../errors.ts';
import type { Handler } from '../handler.ts';
import { describedMapping, findMapping } from '../mappings/described-mapping.ts';
import type { Mapping, MappingSettings, MappingState } from '../mappings/mapping.ts';
import { destinationsOf, mappingSettings } from '../mappings/mapping-settings.ts';
import { existingFunction, refuseTwice } from './create-event-source-mapping.ts';

export interface UpdateMappingCommand {
  readonly type: 'UpdateMapping';
  readonly atMs: number;
  readonly dueMs: number;
  readonly uuid: string;
  readonly settings: MappingSettings;
  readonly enabled: boolean;
  readonly functionKey: string;
  readonly functionArn: string;
}

/** Answers at once; what is with the function is awaited, then the mapping goes on as it is now. */
export const updateEventSourceMapping: Handler<'UpdateEventSourceMapping'> = async (service, input, context) => {
  const mapping = findMapping(service.state, input.UUID, context);
  checkIdle(mapping, 'update');
  const { key, arn } =
    input.FunctionName === undefined
      ? { key: mapping.functionKey, arn: mapping.functionArn }
      : existingFunction(service, input.FunctionName, context);
  const now = service.world.clock.now();
  await service.change({
    type: 'UpdateMapping',
    atMs: now,
    dueMs: now + service.settings.transitionMs,
    uuid: mapping.uuid,
    settings: mappingSettings(input, destinationsOf(service, context), mapping.settings),
    enabled: input.Enabled ?? mapping.enabled,
    functionKey: key,
    functionArn: arn,
  });
  return describedMapping(findMapping(service.state, input.UUID, context));
};

/** Throws ResourceInUseException while something is pending. */
export function checkIdle({ state }: Mapping, doing: 'update' | 'delete'): void {
  if (state !== 'Enabled' && state !== 'Disabled')
    throw resourceInUse(`Cannot ${doing} the event source mapping because it is in use.`);
}

export const updateMappingChange: Change<UpdateMappingCommand> = {
  type: 'UpdateMapping',
  apply(state, { uuid, atMs, dueMs, settings, enabled, functionKey, functionArn }) {
    const mapping = state.mappings.get(uuid);
    if (mapping === undefined) return;
    checkIdle(mapping, 'update');
    refuseTwice(state, { uuid, sourceArn: mapping.sourceArn, functionKey });
    const next: MappingState = enabled === mapping.enabled ? 'Updating' : enabled ? 'Enabling' : 'Disabling';
    // Windows of another length are other windows.
    if (settings.tumblingSeconds !== mapping.settings.tumblingSeconds) mapping.windows = {};
    Object.assign(mapping, { settings, enabled, functionKey, functionArn, state: next, modifiedMs: atMs, dueMs });
  },
};
