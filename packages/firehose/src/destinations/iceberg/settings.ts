import type {
  CatalogConfiguration,
  CreateDeliveryStreamInput,
  DestinationDescription,
  IcebergDestinationConfiguration,
  IcebergDestinationDescription,
  S3DestinationDescription,
  UpdateDestinationInput,
} from '@millrace/model/firehose';
import { checkLength, checkPrefixes } from '../../delivery/object-name.ts';
import { invalidArgument } from '../../errors.ts';
import { filledProcessing } from '../../processing/filled-processing.ts';
import { stepsOf } from '../../processing/steps.ts';
import type { Settings } from '../../service.ts';
import { checkHints, defaultHints } from '../buffering.ts';
import { merged } from '../merged.ts';
import { backupOf, checkedS3 } from '../s3/settings.ts';
import { catalogNameOf } from './catalog-name.ts';

/** Tables of Iceberg in a catalog, and the bucket for what they do not take. */
export interface IcebergDestination {
  readonly type: 'Iceberg';
  /** With everything that was left out. */
  readonly iceberg: Filled & Omit<IcebergDestinationDescription, keyof Filled | 'S3DestinationDescription'>;
  /** For what was not delivered, or for everything. */
  readonly s3: S3DestinationDescription;
}

type Filled = Required<
  Pick<
    IcebergDestinationDescription,
    | 'AppendOnly'
    | 'BufferingHints'
    | 'CatalogConfiguration'
    | 'CloudWatchLoggingOptions'
    | 'DestinationTableConfigurationList'
    | 'ProcessingConfiguration'
    | 'RetryOptions'
    | 'RoleARN'
    | 'S3BackupMode'
  >
>;

const defaultRetrySeconds = 300;

/** Throws InvalidArgumentException. Undefined where the request configures another kind. */
export function createdIceberg(
  { DeliveryStreamName: name, IcebergDestinationConfiguration: given }: CreateDeliveryStreamInput,
  settings: Settings,
): IcebergDestination | undefined {
  return given && checked(name, createdFrom(given), settings);
}

function createdFrom(given: IcebergDestinationConfiguration): IcebergDestination {
  const { S3Configuration: s3, ...rest } = given;
  return {
    type: 'Iceberg',
    s3: backupOf(s3),
    iceberg: {
      ...rest,
      AppendOnly: rest.AppendOnly ?? false,
      BufferingHints: checkHints(rest.BufferingHints) ?? defaultHints,
      DestinationTableConfigurationList: rest.DestinationTableConfigurationList ?? [],
      RetryOptions: { DurationInSeconds: rest.RetryOptions?.DurationInSeconds ?? defaultRetrySeconds },
      S3BackupMode: rest.S3BackupMode ?? 'FailedDataOnly',
      ProcessingConfiguration: rest.ProcessingConfiguration ?? { Enabled: false, Processors: [] },
      CloudWatchLoggingOptions: rest.CloudWatchLoggingOptions ?? { Enabled: false },
    },
  };
}

/** What the update leaves out stays as it is. Throws InvalidArgumentException. */
export function updatedIceberg(
  present: IcebergDestination | undefined,
  { DeliveryStreamName: name, IcebergDestinationUpdate: given }: UpdateDestinationInput,
  settings: Settings,
): IcebergDestination | undefined {
  if (given === undefined) return undefined;
  const {
    S3Configuration: s3,
    BufferingHints: givenHints,
    RetryOptions: retry,
    CatalogConfiguration: catalog,
    ...rest
  } = given;
  if (present === undefined) {
    const { RoleARN } = given;
    if (RoleARN === undefined || catalog === undefined || s3 === undefined)
      throw invalidArgument(
        'RoleARN, CatalogConfiguration and S3Configuration must be specified where the destination becomes another one.',
      );
    return checked(
      name,
      createdFrom({ ...given, RoleARN, CatalogConfiguration: catalog, S3Configuration: s3 }),
      settings,
    );
  }
  const hints = checkHints(givenHints);
  const seconds = retry?.DurationInSeconds;
  const destination: IcebergDestination = {
    ...present,
    ...(s3 !== undefined && { s3: backupOf(merged(present.s3, s3)) }),
    iceberg: {
      ...merged(present.iceberg, rest),
      ...(hints !== undefined && { BufferingHints: hints }),
      ...(seconds !== undefined && { RetryOptions: { DurationInSeconds: seconds } }),
      CatalogConfiguration: merged(present.iceberg.CatalogConfiguration, catalog ?? {}),
    },
  };
  return checked(name, destination, settings);
}

export function icebergDescription({ iceberg, s3 }: IcebergDestination): Omit<DestinationDescription, 'DestinationId'> {
  return { IcebergDestinationDescription: { ...iceberg, S3DestinationDescription: s3 } };
}

/** Refuses what would be accepted and then not done. */
function checked(
  deliveryStream: string,
  destination: IcebergDestination,
  { icebergCatalogs: names }: Settings,
): IcebergDestination {
  const { iceberg, s3 } = destination;
  checkCatalog(iceberg.CatalogConfiguration, names);
  if (iceberg.SchemaEvolutionConfiguration?.Enabled === true)
    throw invalidArgument(
      'SchemaEvolutionConfiguration cannot be enabled: Millrace does not change the schema of Iceberg tables.',
    );
  if (iceberg.TableCreationConfiguration?.Enabled === true)
    throw invalidArgument('TableCreationConfiguration cannot be enabled: Millrace does not create Iceberg tables.');
  checkedS3(deliveryStream, s3);
  const { lambda, query } = stepsOf(iceberg.ProcessingConfiguration, { isPartitioned: true, destination: 'Iceberg' });
  // Where nothing says of a record which table it goes to, there is to be one.
  if (iceberg.DestinationTableConfigurationList.length !== 1 && lambda === undefined && query === undefined)
    throw invalidArgument(
      'DestinationTableConfigurationList must have exactly one table where no processor Lambda or MetadataExtraction says which table a record goes to.',
    );
  for (const { UniqueKeys: keys = [], S3ErrorOutputPrefix: prefix } of iceberg.DestinationTableConfigurationList) {
    if (keys.length > 0)
      throw invalidArgument(
        'UniqueKeys cannot be specified: Millrace appends to Iceberg tables, and neither updates nor deletes.',
      );
    if (prefix === undefined) continue;
    checkPrefixes({ ErrorOutputPrefix: prefix });
    checkLength(deliveryStream, { Prefix: prefix.replaceAll('!{firehose:error-output-type}', 'iceberg-failed') }, '');
  }
  const by = { roleArn: iceberg.RoleARN, destination: destination.type };
  const filled = filledProcessing(iceberg.ProcessingConfiguration, by);
  return { ...destination, iceberg: { ...iceberg, ProcessingConfiguration: filled } };
}

function checkCatalog({ CatalogARN: arn }: CatalogConfiguration, names: ReadonlySet<string> | undefined): void {
  if (arn === undefined) throw invalidArgument('CatalogARN must be specified in CatalogConfiguration.');
  if (catalogNameOf(arn, names) === undefined)
    throw invalidArgument(`Where the catalog ${arn} is, is not known here: name it in --iceberg-catalogs.`);
}
