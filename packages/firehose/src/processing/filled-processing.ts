import type { ProcessingConfiguration, Processor, ProcessorParameter } from '@millrace/model/firehose';
import { lambdaDefaults } from './lambda/lambda-settings.ts';

/** Processing with what was left out of a processor Lambda, as AWS tells it: Terraform compares it with these. */
export function filledProcessing(
  { Enabled, Processors: processors = [] }: ProcessingConfiguration,
  { roleArn, destination }: { readonly roleArn: string; readonly destination: string },
): ProcessingConfiguration {
  const defaults = { ...lambdaDefaults(destination), RoleArn: roleArn };
  return {
    ...(Enabled !== undefined && { Enabled }),
    Processors: processors.map((processor) => (processor.Type === 'Lambda' ? filled(processor, defaults) : processor)),
  };
}

function filled(processor: Processor, defaults: Readonly<Record<string, string>>): Processor {
  const given = processor.Parameters ?? [];
  const missing = Object.entries(defaults).filter(([name]) => given.every((one) => one.ParameterName !== name));
  const more = missing.map(([name, value]) => ({ ParameterName: name, ParameterValue: value }) as ProcessorParameter);
  return { ...processor, Parameters: [...given, ...more] };
}
