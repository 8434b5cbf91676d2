import type { ProcessorParameterName } from '@millrace/model/firehose';

/** What a processor is told, by the name of the parameter. */
export type ProcessorParameters = Readonly<Partial<Record<ProcessorParameterName, string>>>;
