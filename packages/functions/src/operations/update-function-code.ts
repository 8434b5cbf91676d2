import type { Change } from '../change.ts';
import { uploadedZip } from '../code/uploaded-zip.ts';
import { described } from '../described.ts';
import { invalidParameter } from '../errors.ts';
import { refuseDeclared, storedFunction } from '../function-lookup.ts';
import type { Handler } from '../handler.ts';
import { readName } from '../names.ts';
import type { Code } from '../state.ts';
import { checkChangeable } from '../updating.ts';
import type { UpdateTarget } from '../updating.ts';

export interface UpdateFunctionCodeCommand extends UpdateTarget {
  readonly type: 'UpdateFunctionCode';
  readonly code: Code;
  readonly architecture: 'x86_64' | 'arm64' | undefined;
}

/** The code is durable when this answers; what comes from then on runs it. */
export const updateFunctionCode: Handler<'UpdateFunctionCode'> = async (service, input, context) => {
  const { key, arn, ...name } = readName(input.FunctionName, context);
  refuseDeclared(service, { key, arn, ...name });
  if (input.Publish === true) throw invalidParameter("Millrace's functions do not have versions to publish.");
  checkChangeable(storedFunction(service.state, key, arn), input.RevisionId);
  const zip = uploadedZip(input);
  if (input.DryRun === true) return described(storedFunction(service.state, key, arn));
  await service.code.add(zip, (code) => {
    const now = service.world.clock.now();
    return service.change({
      type: 'UpdateFunctionCode',
      atMs: now,
      dueMs: now + service.settings.transitionMs,
      key,
      arn,
      expected: input.RevisionId,
      revision: service.world.random.uuid(),
      code,
      architecture: input.Architectures?.[0],
    });
  });
  return described(storedFunction(service.state, key, arn));
};

export const updateFunctionCodeChange: Change<UpdateFunctionCodeCommand> = {
  type: 'UpdateFunctionCode',
  apply(state, { key, arn, expected, code, architecture, atMs, dueMs, revision }) {
    const one = storedFunction(state, key, arn);
    checkChangeable(one, expected);
    const changed = architecture === undefined ? {} : { configuration: { ...one.configuration, architecture } };
    Object.assign(one, { code, modifiedMs: atMs, revision, update: 'InProgress', dueMs, ...changed });
  },
};
