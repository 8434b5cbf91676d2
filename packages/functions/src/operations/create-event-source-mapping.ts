import type { CreateEventSourceMappingRequest } from '@millrace/model/lambda';
import type { Change } from '../change.ts';
import { invalidParameter, resourceConflict } from '../errors.ts';
import { declaredOf } from '../function-lookup.ts';
import type { Handler } from '../handler.ts';
import { describedMapping } from '../mappings/described-mapping.ts';
import type { Mapping } from '../mappings/mapping.ts';
import { destinationsOf, mappingSettings } from '../mappings/mapping-settings.ts';
import type { SourceStream } from '../mappings/source.ts';
import { checkQualifier, readName } from '../names.ts';
import type { FunctionName } from '../names.ts';
import type { Functions } from '../service.ts';
import type { FunctionsState } from '../state.ts';

export interface CreateMappingCommand {
  readonly type: 'CreateMapping';
  readonly atMs: number;
  readonly mapping: Mapping;
}

/** Answers at once; the mapping is Creating and runs a moment later, from where the stream is now. */
export const createEventSourceMapping: Handler<'CreateEventSourceMapping'> = async (service, input, context) => {
  const name = existingFunction(service, input.FunctionName, context);
  const { EventSourceArn: sourceArn, StartingPosition: startingPosition } = input;
  if (sourceArn === undefined || !/^arn:[^:]+:kinesis:/.test(sourceArn))
    throw invalidParameter('Unrecognized event source: Millrace maps Kinesis streams and their consumers.');
  if (startingPosition === undefined)
    throw invalidParameter(
      "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must not be null.",
    );
  const settings = mappingSettings(input, destinationsOf(service, context));
  // Another account's stream is not this caller's to read: who may call this has not been asked about it.
  const isOwn = sourceArn.split(':')[4] === context.account;
  const stream = isOwn ? service.sources.find(sourceArn) : undefined;
  if (stream === undefined) throw invalidParameter(`Stream not found: ${sourceArn}`);
  const now = service.world.clock.now();
  const startingMs = startingTime(input, now);
  const mapping: Mapping = {
    uuid: service.world.random.uuid(),
    account: context.account,
    region: context.region,
    functionKey: name.key,
    functionArn: name.arn,
    sourceArn,
    streamId: stream.id,
    startingPosition,
    startingMs,
    settings,
    enabled: input.Enabled ?? true,
    state: 'Creating',
    modifiedMs: now,
    lastResult: 'No records processed',
    dueMs: now + service.settings.transitionMs,
    positions: await positionsAt(service, stream, { startingPosition, startingMs }),
    windows: {},
  };
  await service.change({ type: 'CreateMapping', atMs: now, mapping });
  return describedMapping(service.state.mappings.get(mapping.uuid)!);
};

/** The function that a mapping is for. Throws InvalidParameterValueException. */
export function existingFunction(
  service: Functions,
  text: string,
  context: { readonly account: string; readonly region: string },
): FunctionName {
  const name = readName(text, context);
  checkQualifier(name, undefined);
  if (!service.state.functions.has(name.key) && declaredOf(service, name) === undefined)
    throw invalidParameter('Function does not exist');
  return name;
}

function startingTime(input: CreateEventSourceMappingRequest, now: number): number | undefined {
  const { StartingPosition: position, StartingPositionTimestamp: ms } = input;
  if ((position === 'AT_TIMESTAMP') !== (ms !== undefined))
    throw invalidParameter('StartingPositionTimestamp goes with the StartingPosition AT_TIMESTAMP, and only with it.');
  if (ms !== undefined && ms > now) throw invalidParameter('StartingPositionTimestamp must not be in the future.');
  return ms;
}

/** Shards that come later are read from their beginning: they hold nothing older than this. */
async function positionsAt(
  { log }: Functions,
  { shards }: SourceStream,
  { startingPosition, startingMs }: Pick<Mapping, 'startingPosition' | 'startingMs'>,
): Promise<Record<string, number>> {
  const positions: Record<string, number> = {};
  if (startingPosition === 'TRIM_HORIZON') return positions;
  for (const { logId, endIndex } of shards) {
    const end = endIndex ?? log.status(logId)?.nextIndex ?? 0;
    positions[logId] = startingMs === undefined ? end : await log.firstAtOrAfter(logId, startingMs);
  }
  return positions;
}

export const createMappingChange: Change<CreateMappingCommand> = {
  type: 'CreateMapping',
  apply(state, { mapping }) {
    refuseTwice(state, mapping);
    state.mappings.set(mapping.uuid, { ...mapping });
  },
};

/** Throws ResourceConflictException where another mapping has the same source and function. */
export function refuseTwice(
  { mappings }: FunctionsState,
  { uuid, sourceArn, functionKey }: Pick<Mapping, 'uuid' | 'sourceArn' | 'functionKey'>,
): void {
  const functionName = functionKey.slice(functionKey.lastIndexOf(':') + 1);
  for (const one of mappings.values())
    if (one.uuid !== uuid && one.sourceArn === sourceArn && one.functionKey === functionKey)
      throw resourceConflict(
        `The event source arn (" ${sourceArn} ") and function (" ${functionName} ") provided mapping already exists. ` +
          `Please update or delete the existing mapping with UUID ${one.uuid}`,
      );
}
