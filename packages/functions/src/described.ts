import type { FunctionConfiguration } from '@millrace/model/lambda';
import { declaredRunnable } from './declared.ts';
import type { DeclaredFunction } from './declared.ts';
import type { FunctionName } from './names.ts';
import type { StoredFunction } from './state.ts';

/** A function as the API shows it. `isNew` is the answer to CreateFunction, which AWS gives without an update's status. */
export function described(one: StoredFunction, isNew = false): FunctionConfiguration {
  const { name, arn, configuration, code, state, update } = one;
  const { environment } = configuration;
  return {
    FunctionName: name,
    FunctionArn: arn,
    Runtime: configuration.runtime as NonNullable<FunctionConfiguration['Runtime']>,
    Role: configuration.role,
    Handler: configuration.handler,
    CodeSize: code.bytes,
    CodeSha256: code.sha256,
    Description: configuration.description,
    Timeout: configuration.timeoutSeconds,
    MemorySize: configuration.memoryMib,
    EphemeralStorage: { Size: configuration.ephemeralMib },
    LastModified: new Date(one.modifiedMs).toISOString().replace('Z', '+0000'),
    Version: '$LATEST',
    ...(environment && { Environment: { Variables: { ...environment } } }),
    TracingConfig: { Mode: 'PassThrough' },
    RevisionId: one.revision,
    State: state,
    ...(state === 'Pending' && { StateReason: 'The function is being created.', StateReasonCode: 'Creating' }),
    ...(!isNew && { LastUpdateStatus: update }),
    ...(update === 'InProgress' && {
      LastUpdateStatusReason: 'The function is being created.',
      // The model does not know it; AWS answers it.
      LastUpdateStatusReasonCode: 'Creating' as never,
    }),
    PackageType: 'Zip',
    Architectures: [configuration.architecture],
    SnapStart: { ApplyOn: 'None', OptimizationStatus: 'Off' },
    LoggingConfig: { LogFormat: 'Text', LogGroup: `/aws/lambda/${name}` },
  };
}

/** A declared function has neither role nor code that the API could tell of. */
export function describedDeclared(one: DeclaredFunction, { account, region }: FunctionName): FunctionConfiguration {
  const { arn, timeoutMs, memoryMib, target } = declaredRunnable(one, account, region);
  return {
    FunctionName: one.name,
    FunctionArn: arn,
    ...(target.kind === 'module' && { Handler: target.spelled }),
    Description: 'Declared in the configuration file',
    Timeout: timeoutMs / 1000,
    MemorySize: memoryMib,
    Version: '$LATEST',
    State: 'Active',
    LastUpdateStatus: 'Successful',
  };
}
