import type {
  ProcessingConfiguration,
  Processor,
  ProcessorParameterName,
  ProcessorType,
} from '@millrace/model/firehose';
import { invalidArgument } from '../errors.ts';
import { lambdaSettings } from './lambda/lambda-settings.ts';
import type { LambdaSettings } from './lambda/lambda-settings.ts';
import { metadataQuery } from './metadata-extraction.ts';
import { deAggregation, decompression, delimiterOf, logProcessing } from './record-steps.ts';
import type { ProcessorParameters } from './processor-parameters.ts';
import type { Step } from './record-steps.ts';

/**
 * What is done with each record, in AWS's order whatever the order of the processors: "deaggregation → data transformation via
 * Lambda → partitioning keys", before them what CloudWatch Logs compressed, behind them the delimiter.
 */
export interface Steps {
  /** Of one record by itself, one after the other. */
  readonly alone: readonly Step[];
  readonly lambda: LambdaSettings | undefined;
  /** The query in jq that makes partition keys. */
  readonly query: string | undefined;
  readonly delimiter: Buffer | undefined;
}

const parameters: Readonly<Record<ProcessorType, readonly ProcessorParameterName[]>> = {
  Decompression: ['CompressionFormat'],
  CloudWatchLogProcessing: ['DataMessageExtraction'],
  RecordDeAggregation: ['SubRecordType', 'Delimiter'],
  Lambda: ['LambdaArn', 'NumberOfRetries', 'RoleArn', 'BufferSizeInMBs', 'BufferIntervalInSeconds'],
  MetadataExtraction: ['MetadataExtractionQuery', 'JsonParsingEngine'],
  AppendDelimiterToRecord: ['Delimiter'],
};

const nothing: Steps = { alone: [], lambda: undefined, query: undefined, delimiter: undefined };

export interface StepsOptions {
  /** Whether partition keys are of any use. */
  readonly isPartitioned?: boolean;
  /** As the destination names its kind: some give a function less at once. */
  readonly destination?: string;
}

/** Throws InvalidArgumentException for what cannot be done. */
export function stepsOf(
  configuration: ProcessingConfiguration | undefined,
  { isPartitioned = false, destination = 'S3' }: StepsOptions = {},
): Steps {
  if (configuration?.Enabled !== true) return nothing;
  const given = new Map<ProcessorType, ProcessorParameters>();
  for (const processor of configuration.Processors ?? []) {
    const { Type: type } = processor;
    if (given.has(type)) throw invalidArgument(`At most one processor of type ${type} is allowed.`);
    given.set(type, parametersOf(processor));
  }
  // The text is AWS's.
  if (!isPartitioned && given.has('MetadataExtraction'))
    throw invalidArgument(
      'class com.amazonaws.services.firehose.internal.model.MetadataExtractionProcessor can only be present when Dynamic Partitioning is enabled.',
    );
  const made = <Made>(type: ProcessorType, make: (parameters: ProcessorParameters) => Made): Made | undefined => {
    const its = given.get(type);
    return its && make(its);
  };
  const steps = [
    made('Decompression', decompression),
    made('CloudWatchLogProcessing', logProcessing),
    made('RecordDeAggregation', deAggregation),
  ];
  return {
    alone: steps.filter((step) => step !== undefined),
    lambda: made('Lambda', (its) => lambdaSettings(its, destination)),
    query: made('MetadataExtraction', metadataQuery),
    delimiter: made('AppendDelimiterToRecord', delimiterOf),
  };
}

function parametersOf({ Type: type, Parameters: given = [] }: Processor): ProcessorParameters {
  const known: Partial<Record<ProcessorParameterName, string>> = {};
  for (const { ParameterName: name, ParameterValue: value } of given) {
    if (!parameters[type].includes(name))
      throw invalidArgument(`Processor ${type} does not take the parameter ${name}.`);
    if (known[name] !== undefined) throw invalidArgument(`Processor ${type} has the parameter ${name} twice.`);
    known[name] = value;
  }
  return known;
}
