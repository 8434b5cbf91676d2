import type {
  BufferingHints,
  DataFormatConversionConfiguration,
  ExtendedS3DestinationDescription,
  SchemaConfiguration,
} from '@millrace/model/firehose';
import { invalidArgument } from '../errors.ts';

/** "The default is 128 MiB" where records are converted; AWS stores it, too. */
export const conversionHints: BufferingHints = { SizeInMBs: 128, IntervalInSeconds: 300 };
const leastMebibytes = 64;

/** What a conversion goes by, all of it there. */
export interface WholeConversion {
  readonly InputFormatConfiguration: Required<
    NonNullable<DataFormatConversionConfiguration['InputFormatConfiguration']>
  >;
  readonly OutputFormatConfiguration: Required<
    NonNullable<DataFormatConversionConfiguration['OutputFormatConfiguration']>
  >;
  readonly SchemaConfiguration: SchemaConfiguration &
    Required<Pick<SchemaConfiguration, 'RoleARN' | 'DatabaseName' | 'TableName'>>;
}

interface Converted {
  readonly DataFormatConversionConfiguration?: DataFormatConversionConfiguration;
}

/** The conversion of what goes into a bucket, checked when it was configured; undefined where there is none. */
export function conversionOf({
  DataFormatConversionConfiguration: conversion,
}: Converted): WholeConversion | undefined {
  return isConverting(conversion) ? (conversion as WholeConversion) : undefined;
}

/** "Defaults to true." */
export function isConverting(conversion: DataFormatConversionConfiguration | undefined): boolean {
  return conversion !== undefined && conversion.Enabled !== false;
}

/** What an update makes of a conversion: what it leaves out stays, of the table's address too, as at AWS. */
export function updatedConversion(
  present: DataFormatConversionConfiguration | undefined,
  update: DataFormatConversionConfiguration | undefined,
): Converted {
  if (update === undefined) return {};
  const schema = { ...present?.SchemaConfiguration, ...defined(update.SchemaConfiguration) };
  const conversion = { ...present, ...defined(update) };
  return {
    DataFormatConversionConfiguration:
      conversion.SchemaConfiguration === undefined ? conversion : { ...conversion, SchemaConfiguration: schema },
  };
}

function defined<T extends object>(given: T | undefined): Partial<T> {
  return Object.fromEntries(Object.entries(given ?? {}).filter(([, value]) => value !== undefined)) as Partial<T>;
}

/**
 * Refuses what could not be converted, in AWS's order and words, as its users recorded them. Members' ranges are the model's.
 * A conversion that is switched off is kept as it is. Throws InvalidArgumentException.
 */
export function checkConversion(
  destination: Pick<
    ExtendedS3DestinationDescription,
    'BufferingHints' | 'CompressionFormat' | 'DataFormatConversionConfiguration'
  >,
): void {
  const { DataFormatConversionConfiguration: conversion } = destination;
  if (conversion === undefined || !isConverting(conversion)) return;
  if (destination.CompressionFormat !== 'UNCOMPRESSED')
    throw invalidArgument(
      "The S3 destination's compression format must be set to UNCOMPRESSED when data format conversion is enabled. To enable compression within the converted output format, set the appropriate serialization option in the output format configuration.",
    );
  if (destination.BufferingHints.SizeInMBs! < leastMebibytes)
    throw invalidArgument(
      `BufferingHints.SizeInMBs must be at least ${leastMebibytes} when data format conversion is enabled.`,
    );
  const { InputFormatConfiguration: input, OutputFormatConfiguration: output } = conversion;
  present('InputFormatConfiguration', input);
  present('OutputFormatConfiguration', output);
  present('SchemaConfiguration', conversion.SchemaConfiguration);
  one('Deserializer', input?.Deserializer);
  one('Serializer', output?.Serializer);
  const { RoleARN, DatabaseName, TableName } = conversion.SchemaConfiguration!;
  for (const [name, value] of Object.entries({ RoleArn: RoleARN, DatabaseName, TableName }))
    if (value === undefined) throw invalidArgument(`SchemaConfiguration.${name} must not be null or empty`);
}

function present(name: string, value: object | undefined): void {
  if (value === undefined) throw invalidArgument(`${name} must not be null`);
}

/** A SerDe is one of two. */
function one(name: 'Deserializer' | 'Serializer', of: object | undefined): void {
  const given = Object.values(of ?? {}).filter((value) => value !== undefined);
  if (given.length === 0) throw invalidArgument(`${name} must not be null`);
  if (given.length > 1) throw invalidArgument(`More than one ${name.toLowerCase()} specified. Only one may be chosen.`);
}
