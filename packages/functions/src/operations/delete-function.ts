import type { Change } from '../change.ts';
import { refuseDeclared, storedFunction } from '../function-lookup.ts';
import { invalidParameter } from '../errors.ts';
import type { Handler } from '../handler.ts';
import { checkQualifier, readName } from '../names.ts';

export interface DeleteFunctionCommand {
  readonly type: 'DeleteFunction';
  readonly atMs: number;
  readonly key: string;
  readonly arn: string;
}

/** Gone at once, its waiting events with it. */
export const deleteFunction: Handler<'DeleteFunction'> = async (service, input, context) => {
  const { key, arn, ...name } = readName(input.FunctionName, context);
  refuseDeclared(service, { key, arn, ...name });
  if ((input.Qualifier ?? name.qualifier) === '$LATEST')
    throw invalidParameter('$LATEST version cannot be deleted without deleting the function.');
  checkQualifier({ key, arn, ...name }, input.Qualifier);
  await service.change({ type: 'DeleteFunction', atMs: service.world.clock.now(), key, arn });
  return { StatusCode: 204 };
};

export const deleteFunctionChange: Change<DeleteFunctionCommand> = {
  type: 'DeleteFunction',
  apply(state, { key, arn }) {
    storedFunction(state, key, arn);
    state.functions.delete(key);
    state.queues.delete(key);
  },
};
