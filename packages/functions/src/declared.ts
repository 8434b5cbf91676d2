import { arnOf } from './names.ts';
import type { Runnable, Target } from './invoker.ts';
import { functionKey } from './state.ts';

/** A function that the configuration file declares: it is there while it stands there, and only the file changes it. */
export interface DeclaredFunction {
  readonly name: string;
  readonly timeoutSeconds: number;
  readonly memoryMib: number;
  readonly target: Target;
}

export class DeclarationError extends Error {}

const defaults = { timeoutSeconds: 60, memoryMib: 512 };
const known = new Set([
  'name',
  'module',
  'handler',
  'url',
  'aws',
  'functionName',
  'environment',
  'timeoutSeconds',
  'memoryMib',
]);

/**
 * Reads `functions` of the configuration file; paths are taken from `base`, the file's folder.
 *
 *   {name, module, handler?, environment?}   a JavaScript or TypeScript module, run in processes of its own; handler: 'handler'
 *   {name, url}                              an HTTP endpoint of the runtime interface
 *   {name, aws: true | URL, functionName?}   a function of AWS's Lambda, or of another endpoint that speaks it
 *
 * each with timeoutSeconds and memoryMib or not. Throws DeclarationError, naming the function.
 */
export function readDeclared(given: unknown, resolve: (path: string) => string): DeclaredFunction[] {
  if (given === undefined) return [];
  if (!Array.isArray(given)) throw new DeclarationError('functions: must be a list');
  const names = new Set<string>();
  return given.map((each: unknown, index) => {
    const where = `functions[${index}]`;
    if (typeof each !== 'object' || each === null) throw new DeclarationError(`${where}: must be an object`);
    const one = declaredFrom(each as Record<string, unknown>, where, resolve);
    if (names.has(one.name)) throw new DeclarationError(`${where}: there are two functions ${one.name}`);
    names.add(one.name);
    return one;
  });
}

function declaredFrom(
  entry: Record<string, unknown>,
  where: string,
  resolve: (path: string) => string,
): DeclaredFunction {
  const unknown = Object.keys(entry).filter((key) => !known.has(key));
  if (unknown.length > 0) throw new DeclarationError(`${where}: unknown ${unknown.join(', ')}`);
  const { name } = entry;
  if (typeof name !== 'string' || !/^[\w-]{1,64}$/.test(name))
    throw new DeclarationError(`${where}.name: must be 1 to 64 letters, digits, - and _`);
  return {
    name,
    timeoutSeconds: wholeNumber(entry['timeoutSeconds'], `${where}.timeoutSeconds`, [1, 900, defaults.timeoutSeconds]),
    memoryMib: wholeNumber(entry['memoryMib'], `${where}.memoryMib`, [128, 10_240, defaults.memoryMib]),
    target: targetOf(entry, name, { where, resolve }),
  };
}

function wholeNumber(value: unknown, where: string, [min, max, byDefault]: readonly [number, number, number]): number {
  if (value === undefined) return byDefault;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max)
    throw new DeclarationError(`${where}: must be a whole number from ${min} to ${max}`);
  return value;
}

function targetOf(
  entry: Record<string, unknown>,
  name: string,
  { where, resolve }: { where: string; resolve: (path: string) => string },
): Target {
  const { module, handler = 'handler', url, aws, functionName = name, environment = {} } = entry;
  if ([module, url, aws].filter((one) => one !== undefined).length !== 1)
    throw new DeclarationError(`${where}: needs one of module, url and aws`);
  if (typeof module === 'string' && typeof handler === 'string') {
    const path = resolve(module);
    return {
      kind: 'module',
      directory: path.slice(0, path.lastIndexOf('/')) || '/',
      path,
      handler,
      spelled: handler,
      environment: environmentOf(environment, where),
    };
  }
  if (typeof url === 'string' && /^https?:$/.test(URL.parse(url)?.protocol ?? '')) return { kind: 'http', url };
  if (typeof functionName === 'string') {
    if (aws === true) return { kind: 'aws', endpoint: undefined, functionName };
    if (typeof aws === 'string' && URL.canParse(aws)) return { kind: 'aws', endpoint: aws, functionName };
  }
  throw new DeclarationError(`${where}: module and handler must be texts, url a URL, aws true or a URL`);
}

function environmentOf(given: unknown, where: string): Record<string, string> {
  const isText =
    typeof given === 'object' && given !== null && Object.values(given).every((v) => typeof v === 'string');
  if (!isText) throw new DeclarationError(`${where}.environment: must be an object of texts`);
  return given as Record<string, string>;
}

/** A declared function as the account and the region that ask have it. */
export function declaredRunnable(one: DeclaredFunction, account: string, region: string): Runnable {
  const { name, timeoutSeconds, memoryMib, target } = one;
  return {
    key: functionKey(account, region, name),
    revision: 'declared',
    arn: arnOf(account, region, name),
    name,
    region,
    timeoutMs: timeoutSeconds * 1000,
    memoryMib,
    target,
  };
}
