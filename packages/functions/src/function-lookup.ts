import { functionNotFound, resourceConflict } from './errors.ts';
import { declaredRunnable } from './declared.ts';
import type { DeclaredFunction } from './declared.ts';
import type { Runnable } from './invoker.ts';
import type { FunctionName } from './names.ts';
import type { Functions } from './service.ts';
import type { FunctionsState, StoredFunction } from './state.ts';

/** What the configuration declares under a name; it belongs to the server's own account and region. */
export function declaredOf(service: Functions, { name, account, region }: FunctionName): DeclaredFunction | undefined {
  const { settings, declared } = service;
  return account === settings.account && region === settings.region ? declared.get(name) : undefined;
}

/** Throws ResourceNotFoundException. */
export function storedFunction(state: FunctionsState, key: string, arn: string): StoredFunction {
  const found = state.functions.get(key);
  if (found === undefined) throw functionNotFound(arn);
  return found;
}

/** Throws ResourceConflictException for a function that the configuration file declares. */
export function refuseDeclared(service: Functions, name: FunctionName): void {
  if (declaredOf(service, name) !== undefined)
    throw resourceConflict(`${name.name} is declared in the server's configuration file, and changed there only.`);
}

/** A function as it is to be run now. Throws ResourceNotFoundException, or ResourceConflictException while it is Pending. */
export function runnableOf(service: Functions, name: FunctionName): Runnable {
  const declared = declaredOf(service, name);
  if (declared !== undefined) return declaredRunnable(declared, name.account, name.region);
  const one = storedFunction(service.state, name.key, name.arn);
  if (one.state === 'Pending')
    throw resourceConflict(
      `The operation cannot be performed at this time. The function is currently in the following state: Pending`,
    );
  const { configuration, code, region, arn, revision } = one;
  const { runtime, handler, timeoutSeconds, memoryMib, environment = {} } = configuration;
  const dot = handler.lastIndexOf('.');
  const directory = service.code.directoryOf(code);
  return {
    key: name.key,
    revision,
    arn,
    name: one.name,
    region,
    timeoutMs: timeoutSeconds * 1000,
    memoryMib,
    target: {
      kind: 'module',
      directory,
      path: `${directory}/${handler.slice(0, dot)}`,
      handler: handler.slice(dot + 1),
      spelled: handler,
      environment: { AWS_EXECUTION_ENV: `AWS_Lambda_${runtime}`, ...environment },
    },
  };
}
