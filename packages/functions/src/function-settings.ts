import type { CreateFunctionRequest, UpdateFunctionConfigurationRequest } from '@millrace/model/lambda';
import { invalidParameter } from './errors.ts';
import type { FunctionSettings } from './state.ts';

const mostSeconds = 900;
const mostMib = 10_240;
const mostEnvironmentBytes = 4096;

/** AWS's reserved names but for the credentials: there are no roles here that a function would get them from. */
const reserved = new Set([
  '_HANDLER',
  '_X_AMZN_TRACE_ID',
  'AWS_DEFAULT_REGION',
  'AWS_REGION',
  'AWS_EXECUTION_ENV',
  'AWS_LAMBDA_FUNCTION_NAME',
  'AWS_LAMBDA_FUNCTION_MEMORY_SIZE',
  'AWS_LAMBDA_FUNCTION_VERSION',
  'AWS_LAMBDA_INITIALIZATION_TYPE',
  'AWS_LAMBDA_LOG_GROUP_NAME',
  'AWS_LAMBDA_LOG_STREAM_NAME',
  'AWS_LAMBDA_RUNTIME_API',
  'LAMBDA_TASK_ROOT',
  'LAMBDA_RUNTIME_DIR',
]);

type Request = CreateFunctionRequest | UpdateFunctionConfigurationRequest;

/**
 * A function's settings from a request, over what they were before. Throws InvalidParameterValueException for what AWS refuses
 * and for what Millrace does not run.
 */
export function settingsOf(input: Request, before: FunctionSettings | undefined): FunctionSettings {
  refuseForeign(input);
  const runtime = input.Runtime ?? before?.runtime;
  const handler = input.Handler ?? before?.handler;
  if (runtime === undefined || handler === undefined)
    throw invalidParameter(
      'Runtime and Handler are mandatory parameters for functions created with deployment packages.',
    );
  if (!/^nodejs\d+\.x$/.test(runtime))
    throw invalidParameter(
      `Millrace runs functions of the runtimes nodejs (its own Node, ${process.version}), not of ${runtime}. ` +
        "Functions of others can be reached by their URL: see `functions` in the server's configuration file.",
    );
  if (!/^[^.].*\.[^.]+$/.test(handler) || handler.split('/').includes('..'))
    throw invalidParameter(`The handler ${handler} must be written as file.export, inside of the deployment package.`);
  return {
    runtime,
    handler,
    role: input.Role ?? before?.role ?? '',
    description: input.Description ?? before?.description ?? '',
    timeoutSeconds: within('timeout', input.Timeout ?? before?.timeoutSeconds ?? 3, mostSeconds),
    memoryMib: within('memorySize', input.MemorySize ?? before?.memoryMib ?? 128, mostMib),
    ephemeralMib: input.EphemeralStorage?.Size ?? before?.ephemeralMib ?? 512,
    architecture: ('Architectures' in input ? input.Architectures?.[0] : undefined) ?? before?.architecture ?? 'x86_64',
    environment: environmentOf(input, before),
  };
}

function environmentOf(
  { Environment: given }: Request,
  before: FunctionSettings | undefined,
): FunctionSettings['environment'] {
  if (given === undefined) return before?.environment;
  const variables = given.Variables ?? {};
  const names = Object.keys(variables).filter((name) => reserved.has(name));
  if (names.length > 0)
    throw invalidParameter(
      'Lambda was unable to configure your environment variables because the environment variables you have provided contains ' +
        `reserved keys that are currently not supported for modification. Reserved keys used in this request: ${names.join(', ')}`,
    );
  const bytes = Buffer.byteLength(JSON.stringify(variables));
  if (bytes > mostEnvironmentBytes)
    throw invalidParameter(
      'Lambda was unable to configure your environment variables because the environment variables you have provided exceeded ' +
        `the 4KB limit. String measured: ${JSON.stringify(variables)}`,
    );
  return Object.keys(variables).length === 0 ? undefined : variables;
}

/** The model's own bounds are those of AWS's managed instances. */
function within(member: string, value: number, most: number): number {
  if (value > most)
    throw invalidParameter(
      `1 validation error detected: Value '${value}' at '${member}' failed to satisfy constraint: ` +
        `Member must have value less than or equal to ${most}`,
    );
  return value;
}

/** What would change how a function runs and is not here. */
function refuseForeign(input: Request): void {
  const asked: [string, boolean][] = [
    ['PackageType Image', 'PackageType' in input && input.PackageType === 'Image'],
    ['Layers', (input.Layers?.length ?? 0) > 0],
    ['FileSystemConfigs', (input.FileSystemConfigs?.length ?? 0) > 0],
    ['VpcConfig', (input.VpcConfig?.SubnetIds?.length ?? 0) > 0],
    ['DeadLetterConfig', input.DeadLetterConfig?.TargetArn !== undefined],
    ['Publish', 'Publish' in input && input.Publish === true],
    ['CodeSigningConfigArn', 'CodeSigningConfigArn' in input && input.CodeSigningConfigArn !== undefined],
    ['DurableConfig', input.DurableConfig !== undefined],
    ['CapacityProviderConfig', input.CapacityProviderConfig !== undefined],
  ];
  const found = asked.filter(([, isAsked]) => isAsked).map(([name]) => name);
  if (found.length > 0) throw invalidParameter(`Millrace's functions do not have ${found.join(', ')}.`);
}
