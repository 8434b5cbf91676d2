import type { Change } from '../change.ts';
import { described } from '../described.ts';
import { refuseDeclared, storedFunction } from '../function-lookup.ts';
import { settingsOf } from '../function-settings.ts';
import type { Handler } from '../handler.ts';
import { readName } from '../names.ts';
import type { FunctionSettings } from '../state.ts';
import { checkChangeable } from '../updating.ts';
import type { UpdateTarget } from '../updating.ts';

export interface UpdateFunctionConfigurationCommand extends UpdateTarget {
  readonly type: 'UpdateFunctionConfiguration';
  readonly configuration: FunctionSettings;
}

/** What comes from now on runs with the new settings. */
export const updateFunctionConfiguration: Handler<'UpdateFunctionConfiguration'> = async (service, input, context) => {
  const { key, arn, ...name } = readName(input.FunctionName, context);
  refuseDeclared(service, { key, arn, ...name });
  const one = storedFunction(service.state, key, arn);
  checkChangeable(one, input.RevisionId);
  const now = service.world.clock.now();
  await service.change({
    type: 'UpdateFunctionConfiguration',
    atMs: now,
    dueMs: now + service.settings.transitionMs,
    key,
    arn,
    // What is written over must be what was read.
    expected: one.revision,
    revision: service.world.random.uuid(),
    configuration: settingsOf(input, one.configuration),
  });
  return described(storedFunction(service.state, key, arn));
};

export const updateFunctionConfigurationChange: Change<UpdateFunctionConfigurationCommand> = {
  type: 'UpdateFunctionConfiguration',
  apply(state, { key, arn, expected, configuration, atMs, dueMs, revision }) {
    const one = storedFunction(state, key, arn);
    checkChangeable(one, expected);
    Object.assign(one, { configuration, modifiedMs: atMs, revision, update: 'InProgress', dueMs });
  },
};
