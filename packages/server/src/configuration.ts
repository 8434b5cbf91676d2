import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { DeclarationError, readDeclared } from '@millrace/functions';
import type { DeclaredFunction } from '@millrace/functions';
import { transformationPath, transformations } from '@millrace/transformations';
import { readTables, TableDeclarationError } from './declared-tables.ts';
import type { DeclaredTable } from './declared-tables.ts';
import { readIcebergCatalogs } from './iceberg-catalogs.ts';
import { readSearchDomains } from './search-domains.ts';
import { settings, variableOf } from './settings.ts';
import type { Setting, Settings } from './settings.ts';
import { readTopicClusters } from './topic-clusters.ts';

/** What the operator asked for is not possible; the message is for them, without a stack. */
export class ConfigurationError extends Error {}

export interface Configuration {
  readonly settings: Settings;
  /** The file's `identities`, unchecked; access reads them. */
  readonly identities: unknown;
  /** The file's `functions`. */
  readonly functions: readonly DeclaredFunction[];
  /** The file's `tables`. */
  readonly tables: readonly DeclaredTable[];
}

/**
 * Flags win over MILLRACE_ variables, which win over the file, which wins over the defaults.
 * Throws ConfigurationError naming the setting and where it came from.
 */
export function readConfiguration(args: readonly string[], environment: NodeJS.ProcessEnv): Configuration {
  const flags = readFlags(args);
  const fileName = flags['config'] ?? environment[variableOf('config')];
  const file = typeof fileName === 'string' ? readFile(fileName) : {};
  const values: Record<string, unknown> = {};
  for (const setting of settings as readonly Setting[]) {
    const variable = variableOf(setting.name);
    const found =
      given(flags[setting.name], `--${setting.name}`) ??
      given(environment[variable], variable) ??
      given(file[setting.name], `${setting.name} in ${fileName as string}`);
    values[setting.name] = found === undefined ? setting.default : convert(setting, found.value, found.source);
  }
  const result = values as unknown as Settings;
  checkTogether(result);
  return {
    settings: result,
    identities: file['identities'],
    functions: readFunctions(file['functions'], typeof fileName === 'string' ? fileName : ''),
    tables: readDeclaredTables(file['tables'], typeof fileName === 'string' ? fileName : ''),
  };
}

const builtin = 'builtin:';

/** Modules are named from where the file lies, those that ship with Millrace as `builtin:` and their name. */
function readFunctions(functions: unknown, fileName: string): DeclaredFunction[] {
  const resolveModule = (path: string): string => {
    if (!path.startsWith(builtin)) return resolve(dirname(fileName), path);
    const found = transformationPath(path.slice(builtin.length));
    if (found === undefined)
      throw new DeclarationError(`${path} is none of ${transformations.map((name) => builtin + name).join(', ')}`);
    return found;
  };
  try {
    return readDeclared(functions, resolveModule);
  } catch (error) {
    if (!(error instanceof DeclarationError)) throw error;
    throw new ConfigurationError(`${fileName}: ${error.message}`, { cause: error });
  }
}

function readDeclaredTables(tables: unknown, fileName: string): DeclaredTable[] {
  try {
    return readTables(tables);
  } catch (error) {
    if (!(error instanceof TableDeclarationError)) throw error;
    throw new ConfigurationError(`${fileName}: ${error.message}`, { cause: error });
  }
}

function given(value: unknown, source: string): { value: unknown; source: string } | undefined {
  return value === undefined ? undefined : { value, source };
}

function readFlags(args: readonly string[]): Record<string, unknown> {
  const options = Object.fromEntries(
    settings.map(({ name, type }) => [name, { type: type === 'boolean' ? 'boolean' : 'string' } as const]),
  );
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new ConfigurationError((error as Error).message, { cause: error });
  }
}

function readFile(path: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new ConfigurationError(`${path}: ${(error as Error).message}`, { cause: error });
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new ConfigurationError(`${path}: must hold one JSON object`);
  }
  const known = new Set<string>([...settings.map(({ name }) => name), 'identities', 'functions', 'tables']);
  const unknown = Object.keys(parsed).filter((key) => !known.has(key));
  if (unknown.length > 0) throw new ConfigurationError(`${path}: unknown setting ${unknown.join(', ')}`);
  return parsed as Record<string, unknown>;
}

function convert(setting: Setting, value: unknown, source: string): string | number | boolean {
  if (setting.type === 'boolean') {
    if (value === true || value === 'true' || value === '1') return true;
    if (value === false || value === 'false' || value === '0' || value === '') return false;
    throw new ConfigurationError(`${source}: must be true or false`);
  }
  if (setting.type === 'integer') {
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
    const { min = 0, max = Number.MAX_SAFE_INTEGER } = setting;
    if (typeof number !== 'number' || !Number.isInteger(number) || number < min || number > max) {
      throw new ConfigurationError(`${source}: must be a whole number from ${min} to ${max}`);
    }
    return number;
  }
  if (typeof value !== 'string' || value === '') throw new ConfigurationError(`${source}: must not be empty`);
  if (setting.choices !== undefined && !setting.choices.includes(value)) {
    throw new ConfigurationError(`${source}: must be one of ${setting.choices.join(', ')}`);
  }
  return value;
}

const loopback = /^(localhost|127(\.\d{1,3}){3}|::1)$/;

/** Settings that name places, and what reads each. */
const namedValues = [
  ['topic-clusters', readTopicClusters],
  ['search-domains', readSearchDomains],
  ['iceberg-catalogs', readIcebergCatalogs],
] as const;

function checkTogether(values: Settings): void {
  if (values.auth === 'none' && !values.insecure && !loopback.test(values.host)) {
    throw new ConfigurationError(
      `--host ${values.host} can be reached by others and --auth none lets anyone in: use --auth sigv4 or iam, or say --insecure`,
    );
  }
  if (!/^\d{12}$/.test(values.account)) throw new ConfigurationError('--account: must be 12 digits');
  if (!/^[a-z]{2}(-[a-z]+)+-\d+$/.test(values.region))
    throw new ConfigurationError('--region: must look like us-east-1');
  if ((values['tls-cert'] === undefined) !== (values['tls-key'] === undefined)) {
    throw new ConfigurationError('--tls-cert and --tls-key go together');
  }
  for (const [name, read] of namedValues)
    try {
      read(values[name]);
    } catch (error) {
      throw new ConfigurationError(`--${name}: ${(error as Error).message}`, { cause: error });
    }
  // A commit names files by s3:// to all that read the table: they are to be there.
  if (values['iceberg-catalogs'] !== undefined && values.s3 === undefined)
    throw new ConfigurationError('--iceberg-catalogs: needs --s3, where the files of tables are');
  if (values.engine !== 'embedded') {
    throw new ConfigurationError(`--engine ${values.engine}: this version has the engine "embedded" only`);
  }
}
