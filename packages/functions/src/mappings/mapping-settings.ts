import type { CreateEventSourceMappingRequest, UpdateEventSourceMappingRequest } from '@millrace/model/lambda';
import { invalidParameter } from '../errors.ts';
import { compilePattern } from '../pattern/pattern.ts';
import { PatternError } from '../pattern/pattern-error.ts';
import type { FailureDestinations } from './failure-destinations.ts';
import type { MappingSettings } from './mapping.ts';
import type { Functions } from '../service.ts';

type Request = CreateEventSourceMappingRequest | UpdateEventSourceMappingRequest;

const byDefault: MappingSettings = {
  batchSize: 100,
  windowSeconds: 0,
  parallelization: 1,
  retryAttempts: -1,
  recordAgeSeconds: -1,
  bisect: false,
  reportsItems: false,
  onFailure: undefined,
  filters: undefined,
  tumblingSeconds: 0,
};
/** AWS's are -1 to 10,000, and 60 s as the shortest age. */
const mostRetries = 10_000;
const leastAgeSeconds = 60;
const mostFilters = 10;

/** A mapping's settings from a request, over what they were before. Throws InvalidParameterValueException. */
export function mappingSettings(
  input: Request,
  destinations: Pick<FailureDestinations, 'problem'>,
  before: MappingSettings = byDefault,
): MappingSettings {
  refuseForeign(input);
  const settings: MappingSettings = {
    batchSize: input.BatchSize ?? before.batchSize,
    windowSeconds: input.MaximumBatchingWindowInSeconds ?? before.windowSeconds,
    parallelization: input.ParallelizationFactor ?? before.parallelization,
    retryAttempts: input.MaximumRetryAttempts ?? before.retryAttempts,
    recordAgeSeconds: input.MaximumRecordAgeInSeconds ?? before.recordAgeSeconds,
    bisect: input.BisectBatchOnFunctionError ?? before.bisect,
    reportsItems:
      input.FunctionResponseTypes === undefined ? before.reportsItems : input.FunctionResponseTypes.length > 0,
    onFailure: onFailureOf(input, before, destinations),
    filters: filtersOf(input, before),
    tumblingSeconds: input.TumblingWindowInSeconds ?? before.tumblingSeconds,
  };
  const { retryAttempts, recordAgeSeconds, tumblingSeconds, parallelization, batchSize, windowSeconds } = settings;
  if (retryAttempts < -1 || retryAttempts > mostRetries)
    throw invalidParameter(`MaximumRetryAttempts must be between -1 and ${mostRetries}.`);
  if (recordAgeSeconds !== -1 && recordAgeSeconds < leastAgeSeconds)
    throw invalidParameter(`MaximumRecordAgeInSeconds must be -1, or ${leastAgeSeconds} or more.`);
  if (tumblingSeconds > 0 && parallelization > 1)
    throw invalidParameter('A tumbling window needs a ParallelizationFactor of 1.');
  if (batchSize < 1 || windowSeconds < 0) throw invalidParameter('BatchSize must be 1 or more.');
  return settings;
}

/** The destinations that a caller may name: what is another account's is not there. */
export function destinationsOf(
  { destinations }: Pick<Functions, 'destinations'>,
  { account }: { readonly account: string },
): Pick<FailureDestinations, 'problem'> {
  return {
    problem(destination) {
      const [scheme, , , , owner = ''] = destination.split(':');
      // A bucket's ARN has no account.
      if (scheme === 'arn' && owner !== '' && owner !== account)
        return `The destination ${destination} belongs to another account.`;
      return destinations.problem(destination);
    },
  };
}

function onFailureOf(
  { DestinationConfig: given }: Request,
  before: MappingSettings,
  destinations: Pick<FailureDestinations, 'problem'>,
): string | undefined {
  if (given === undefined) return before.onFailure;
  if (given.OnSuccess?.Destination !== undefined)
    throw invalidParameter('Unsupported DestinationConfig parameter for given event source mapping type.');
  const destination = given.OnFailure?.Destination;
  if (destination === undefined || destination === '') return undefined;
  const problem = destinations.problem(destination);
  if (problem !== undefined) throw invalidParameter(problem);
  return destination;
}

function filtersOf({ FilterCriteria: given }: Request, before: MappingSettings): MappingSettings['filters'] {
  if (given === undefined) return before.filters;
  const patterns = (given.Filters ?? []).map(({ Pattern: pattern = '' }) => pattern);
  if (patterns.length > mostFilters) throw invalidParameter(`A mapping has at most ${mostFilters} filters.`);
  for (const pattern of patterns)
    try {
      compilePattern(pattern);
    } catch (error) {
      if (error instanceof PatternError) throw invalidParameter('Invalid filter pattern definition.');
      throw error;
    }
  return patterns.length === 0 ? undefined : patterns;
}

/** What belongs to other sources, or is not here. */
function refuseForeign(input: Request): void {
  const asked: [string, boolean][] = [
    ['ProvisionedPollerConfig', input.ProvisionedPollerConfig !== undefined],
    ['ScalingConfig', input.ScalingConfig !== undefined],
    ['SourceAccessConfigurations', (input.SourceAccessConfigurations?.length ?? 0) > 0],
    ['DocumentDBEventSourceConfig', input.DocumentDBEventSourceConfig !== undefined],
    ['AmazonManagedKafkaEventSourceConfig', input.AmazonManagedKafkaEventSourceConfig !== undefined],
    ['SelfManagedKafkaEventSourceConfig', input.SelfManagedKafkaEventSourceConfig !== undefined],
    ['KMSKeyArn', input.KMSKeyArn !== undefined && input.KMSKeyArn !== ''],
    ['Queues', 'Queues' in input && (input.Queues?.length ?? 0) > 0],
    ['Topics', 'Topics' in input && (input.Topics?.length ?? 0) > 0],
    ['SelfManagedEventSource', 'SelfManagedEventSource' in input && input.SelfManagedEventSource !== undefined],
  ];
  const found = asked.filter(([, isAsked]) => isAsked).map(([name]) => name);
  if (found.length > 0) throw invalidParameter(`Mappings of Kinesis streams do not have ${found.join(', ')}.`);
}
