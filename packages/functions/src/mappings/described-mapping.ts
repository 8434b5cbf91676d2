import type { EventSourceMappingConfiguration } from '@millrace/model/lambda';
import { resourceNotFound } from '../errors.ts';
import { partitionOf } from '@millrace/model';
import type { FunctionsState } from '../state.ts';
import type { Mapping } from './mapping.ts';

/** A mapping as the API shows it. */
export function describedMapping(mapping: Mapping): EventSourceMappingConfiguration {
  const { uuid, account, region, settings, startingMs } = mapping;
  const { filters, onFailure } = settings;
  return {
    UUID: uuid,
    EventSourceMappingArn: `arn:${partitionOf(region)}:lambda:${region}:${account}:event-source-mapping:${uuid}`,
    EventSourceArn: mapping.sourceArn,
    FunctionArn: mapping.functionArn,
    StartingPosition: mapping.startingPosition,
    ...(startingMs !== undefined && { StartingPositionTimestamp: startingMs }),
    BatchSize: settings.batchSize,
    MaximumBatchingWindowInSeconds: settings.windowSeconds,
    ParallelizationFactor: settings.parallelization,
    MaximumRetryAttempts: settings.retryAttempts,
    MaximumRecordAgeInSeconds: settings.recordAgeSeconds,
    BisectBatchOnFunctionError: settings.bisect,
    TumblingWindowInSeconds: settings.tumblingSeconds,
    FunctionResponseTypes: settings.reportsItems ? ['ReportBatchItemFailures'] : [],
    DestinationConfig: { OnFailure: onFailure === undefined ? {} : { Destination: onFailure } },
    ...(filters && { FilterCriteria: { Filters: filters.map((pattern) => ({ Pattern: pattern })) } }),
    State: mapping.state,
    StateTransitionReason: 'User action',
    LastModified: mapping.modifiedMs,
    LastProcessingResult: mapping.lastResult,
  };
}

/** Throws ResourceNotFoundException. */
export function findMapping(
  { mappings }: FunctionsState,
  uuid: string,
  { account, region }: { readonly account: string; readonly region: string },
): Mapping {
  const found = mappings.get(uuid);
  if (found === undefined || found.account !== account || found.region !== region)
    throw resourceNotFound('The resource you requested does not exist.');
  return found;
}
