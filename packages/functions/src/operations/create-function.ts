import type { Change } from '../change.ts';
import { uploadedZip } from '../code/uploaded-zip.ts';
import { described } from '../described.ts';
import { invalidParameter, resourceConflict } from '../errors.ts';
import { declaredOf } from '../function-lookup.ts';
import { settingsOf } from '../function-settings.ts';
import type { Handler } from '../handler.ts';
import { readName } from '../names.ts';
import { functionKey } from '../state.ts';
import type { Code, FunctionSettings } from '../state.ts';

export interface CreateFunctionCommand {
  readonly type: 'CreateFunction';
  readonly atMs: number;
  readonly dueMs: number;
  readonly account: string;
  readonly region: string;
  readonly name: string;
  readonly arn: string;
  readonly revision: string;
  readonly configuration: FunctionSettings;
  readonly code: Code;
  readonly tags: readonly (readonly [string, string])[];
}

const mostNameLetters = 64;
const mostTags = 50;

/** Answers at once, with the code durable; the function is Pending and becomes Active later. */
export const createFunction: Handler<'CreateFunction'> = async (service, input, context) => {
  const { account, region, name, key, arn, ...named } = readName(input.FunctionName, context);
  if (named.qualifier !== undefined || name.includes('.') || name.length > mostNameLetters)
    throw invalidParameter(
      `1 validation error detected: Value '${input.FunctionName}' at 'functionName' failed to satisfy constraint: ` +
        `Member must be a function's name of 1 to ${mostNameLetters} letters, digits, - and _`,
    );
  const configuration = settingsOf(input, undefined);
  const tags = Object.entries(input.Tags ?? {});
  if (tags.length > mostTags) throw invalidParameter('Number of tags exceeds resource tag limit.');
  // Asked again when the change applies; before the code is looked at, as AWS does.
  if (
    service.state.functions.has(key) ||
    declaredOf(service, { account, region, name, key, arn, ...named }) !== undefined
  )
    throw alreadyThere(name);
  await service.code.add(uploadedZip(input.Code), (code) => {
    const now = service.world.clock.now();
    return service.change({
      type: 'CreateFunction',
      atMs: now,
      dueMs: now + service.settings.transitionMs,
      account,
      region,
      name,
      arn,
      revision: service.world.random.uuid(),
      configuration,
      code,
      tags,
    });
  });
  return described(service.state.functions.get(key)!, true);
};

function alreadyThere(name: string): Error {
  return resourceConflict(`Function already exist: ${name}`);
}

export const createFunctionChange: Change<CreateFunctionCommand> = {
  type: 'CreateFunction',
  apply(state, { atMs, dueMs, account, region, name, arn, revision, configuration, code, tags }) {
    const key = functionKey(account, region, name);
    if (state.functions.has(key)) throw alreadyThere(name);
    const states = { modifiedMs: atMs, state: 'Pending', update: 'Successful', dueMs } as const;
    state.functions.set(key, { account, region, name, arn, revision, configuration, code, tags, ...states });
  },
};
