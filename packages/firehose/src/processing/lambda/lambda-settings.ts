import { invalidArgument } from '../../errors.ts';
import type { ProcessorParameters } from '../processor-parameters.ts';

/** How a delivery stream's records are given to its function. */
export interface LambdaSettings {
  readonly arn: string;
  /** Beyond the first call. */
  readonly retries: number;
  /** Of records' data, in one call. */
  readonly bufferBytes: number;
}

const mebibyte = 2 ** 20;

/** As texts, which parameters are: "The default value is 256KB for Splunk", and 1 MB for all others. */
export function lambdaDefaults(destination: string): {
  readonly NumberOfRetries: string;
  readonly BufferSizeInMBs: string;
  readonly BufferIntervalInSeconds: string;
} {
  const size = destination === 'Splunk' ? '0.25' : '1';
  return { NumberOfRetries: '3', BufferSizeInMBs: size, BufferIntervalInSeconds: '60' };
}

/** Throws InvalidArgumentException. Ranges and defaults are those of "Transform source data in Amazon Data Firehose". */
export function lambdaSettings(given: ProcessorParameters, destination: string): LambdaSettings {
  const { LambdaArn: arn } = given;
  if (arn === undefined) throw invalidArgument('Processor Lambda must have the parameter LambdaArn.');
  if (!/^arn:[^:]+:lambda:[^:]+:\d{12}:function:[\w-]+(:(\$LATEST|[\w-]+))?$/.test(arn))
    throw invalidArgument(`${arn} is no ARN of a Lambda function.`);
  const all = { ...lambdaDefaults(destination), ...given };
  // A window is given to the function when it is due: there is nothing more to wait for.
  number('BufferIntervalInSeconds', all.BufferIntervalInSeconds, [0, 900]);
  return {
    arn,
    retries: whole('NumberOfRetries', all.NumberOfRetries, [0, 300]),
    bufferBytes: Math.floor(number('BufferSizeInMBs', all.BufferSizeInMBs, [0.2, 3]) * mebibyte),
  };
}

function whole(name: string, text: string, range: readonly [number, number]): number {
  const value = number(name, text, range);
  if (!Number.isInteger(value)) throw invalidArgument(`Processor Lambda takes a whole number for ${name}.`);
  return value;
}

function number(name: string, text: string, [least, most]: readonly [number, number]): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most))
    throw invalidArgument(`Processor Lambda takes a number from ${least} to ${most} for ${name}.`);
  return value;
}
