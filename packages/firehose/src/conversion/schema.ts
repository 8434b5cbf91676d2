import { AwsError } from '@millrace/model';
import type { Bucket } from '../delivery/attempt.ts';
import { DeliveryError } from '../delivery/delivery-error.ts';
import { invalidArgument } from '../errors.ts';
import type { Firehose, RequestContext } from '../service.ts';
import { UnusableConversion } from './conversions.ts';
import type { Column, Conversion, ConversionSettings, TableAddress } from './conversions.ts';
import { conversionOf } from './settings.ts';
import type { WholeConversion } from './settings.ts';

type Place = Pick<RequestContext, 'account' | 'region'>;

/** Where the table of a conversion is: in the delivery stream's region where no other is named. */
export function tableOf({ SchemaConfiguration: schema }: WholeConversion, { account, region }: Place): TableAddress {
  return {
    account,
    region: schema.Region ?? region,
    catalogId: schema.CatalogId,
    databaseName: schema.DatabaseName,
    tableName: schema.TableName,
    versionId: schema.VersionId,
  };
}

/**
 * Begins a file by the table as it is now, and tells its columns. Rejects with DeliveryError where there is no such table or no file can be made by it,
 * for delivery to be tried again: the table may come back.
 */
export async function beginConversion(
  { conversions }: Pick<Firehose, 'conversions'>,
  conversion: WholeConversion,
  at: { readonly place: Place; sink(bytes: Uint8Array): void },
): Promise<{ readonly conversion: Conversion; readonly columns: readonly Column[] }> {
  try {
    const settings = settingsOf(conversions, conversion, at.place);
    return { conversion: await conversions.begin(settings, at.sink), columns: settings.columns };
  } catch (error) {
    if (error instanceof UnusableConversion)
      throw new DeliveryError('DataFormatConversion.InvalidSchema', error.message);
    if (!(error instanceof AwsError)) throw error;
    const code = error.code === 'EntityNotFoundException' ? 'EntityNotFound' : 'InvalidSchema';
    throw new DeliveryError(`DataFormatConversion.${code}`, error.message);
  }
}

/**
 * Refuses a conversion whose table is not there, as AWS does when a delivery stream is made or updated, and one that no file
 * could be made by. Throws InvalidArgumentException.
 */
export async function checkSchema(
  { conversions }: Firehose,
  { s3 }: { readonly s3: Bucket },
  place: Place,
): Promise<void> {
  const conversion = conversionOf(s3);
  if (conversion === undefined) return;
  try {
    const begun = await conversions.begin(settingsOf(conversions, conversion, place), () => undefined);
    await begun.close();
  } catch (error) {
    if (error instanceof AwsError)
      throw invalidArgument(`The schema of data format conversion: ${error.code}: ${error.message}`);
    if (error instanceof UnusableConversion) throw invalidArgument(`Data format conversion: ${error.message}.`);
    throw error;
  }
}

function settingsOf(
  conversions: Firehose['conversions'],
  conversion: WholeConversion,
  place: Place,
): ConversionSettings {
  return {
    columns: conversions.columns(tableOf(conversion, place)),
    deserializer: conversion.InputFormatConfiguration.Deserializer,
    serializer: conversion.OutputFormatConfiguration.Serializer,
  };
}
