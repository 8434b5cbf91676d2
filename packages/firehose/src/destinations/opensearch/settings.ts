import type {
  AmazonOpenSearchServerlessDestinationConfiguration,
  AmazonOpenSearchServerlessDestinationUpdate,
  AmazonopensearchserviceDestinationConfiguration,
  AmazonopensearchserviceDestinationDescription,
  AmazonopensearchserviceDestinationUpdate,
  CreateDeliveryStreamInput,
  DestinationDescription,
  S3DestinationDescription,
  UpdateDestinationInput,
} from '@millrace/model/firehose';
import { invalidArgument } from '../../errors.ts';
import { stepsOf } from '../../processing/steps.ts';
import type { Settings } from '../../service.ts';
import { merged } from '../merged.ts';
import { backupOf, checkedS3 } from '../s3/settings.ts';
import { clusterOf, isClusterUrl, withoutCredentials } from './cluster.ts';

/** The API's three names for it. Elasticsearch's shapes are OpenSearch's; Serverless' have fewer members. */
export type SearchApi = 'Amazonopensearchservice' | 'Elasticsearch' | 'AmazonOpenSearchServerless';

/** A search cluster, and the bucket for what it does not take. */
export interface OpenSearchDestination {
  readonly type: 'OpenSearch';
  readonly api: SearchApi;
  /** ClusterEndpoint or CollectionEndpoint, with credentials, if any; undefined where the domain is named. */
  readonly url: string | undefined;
  /** What all three have, and what Serverless does not: there it says what Serverless does. */
  readonly search: Omit<AmazonopensearchserviceDestinationDescription, 'ClusterEndpoint' | 'S3DestinationDescription'>;
  /** For what was not delivered, or for everything. */
  readonly s3: S3DestinationDescription;
}

/** Of each of its own: "The default value is 5", "300 (5 minutes)". */
const defaultHints = { SizeInMBs: 5, IntervalInSeconds: 300 };
const defaultRetrySeconds = 300;
/** Of a VpcConfiguration the description must name one; there is none here. */
const vpcId = 'vpc-00000000000000000';

/** Throws InvalidArgumentException. Undefined where the request configures another kind. */
export function createdSearch(input: CreateDeliveryStreamInput, settings: Settings): OpenSearchDestination | undefined {
  const domain = input.AmazonopensearchserviceDestinationConfiguration ?? input.ElasticsearchDestinationConfiguration;
  const collection = input.AmazonOpenSearchServerlessDestinationConfiguration;
  if (domain === undefined) {
    if (collection === undefined) return undefined;
    const given = { ...collection, ...ofServerless };
    return checked(input, createdFrom('AmazonOpenSearchServerless', given, collection.CollectionEndpoint), settings);
  }
  const isElastic = input.ElasticsearchDestinationConfiguration !== undefined;
  const api = isElastic ? 'Elasticsearch' : 'Amazonopensearchservice';
  checkPlace(domain);
  return checked(input, createdFrom(api, domain, domain.ClusterEndpoint), settings);
}

/** A collection's index is the one that is named; ids are its own: time series collections refuse others'. */
const ofServerless = {
  IndexRotationPeriod: 'NoRotation',
  DocumentIdOptions: { DefaultDocumentIdFormat: 'NO_DOCUMENT_ID' },
} as const;

type Given = Partial<AmazonopensearchserviceDestinationConfiguration> &
  Pick<AmazonOpenSearchServerlessDestinationConfiguration, 'CollectionEndpoint' | 'S3Configuration'>;

function createdFrom(api: SearchApi, given: Given, url: string | undefined): OpenSearchDestination {
  const {
    S3Configuration: s3,
    ClusterEndpoint: _cluster,
    CollectionEndpoint: _collection,
    VpcConfiguration: vpc,
    ...rest
  } = given;
  return {
    type: 'OpenSearch',
    api,
    url,
    s3: backupOf(s3),
    search: {
      ...rest,
      IndexRotationPeriod: rest.IndexRotationPeriod ?? 'OneDay',
      BufferingHints: { ...defaultHints, ...rest.BufferingHints },
      RetryOptions: { DurationInSeconds: rest.RetryOptions?.DurationInSeconds ?? defaultRetrySeconds },
      S3BackupMode: rest.S3BackupMode ?? 'FailedDocumentsOnly',
      ProcessingConfiguration: rest.ProcessingConfiguration ?? { Enabled: false, Processors: [] },
      CloudWatchLoggingOptions: rest.CloudWatchLoggingOptions ?? { Enabled: false },
      DocumentIdOptions: rest.DocumentIdOptions ?? { DefaultDocumentIdFormat: 'FIREHOSE_DEFAULT' },
      ...(vpc !== undefined && { VpcConfigurationDescription: { ...vpc, VpcId: vpcId } }),
    },
  };
}

/** What the update leaves out stays as it is. Throws InvalidArgumentException. */
export function updatedSearch(
  present: OpenSearchDestination | undefined,
  input: UpdateDestinationInput,
  settings: Settings,
): OpenSearchDestination | undefined {
  const domain = input.AmazonopensearchserviceDestinationUpdate ?? input.ElasticsearchDestinationUpdate;
  const collection = input.AmazonOpenSearchServerlessDestinationUpdate;
  const given: GivenUpdate | undefined = domain ?? collection;
  if (given === undefined) return undefined;
  if (present === undefined || (present.api === 'AmazonOpenSearchServerless') !== (domain === undefined))
    throw notSwitched();
  const url = domain?.ClusterEndpoint ?? collection?.CollectionEndpoint;
  if (domain?.DomainARN !== undefined && url !== undefined) throw onePlace();
  const {
    S3Update: s3,
    BufferingHints: hints,
    ClusterEndpoint: _cluster,
    CollectionEndpoint: _collection,
    ...rest
  } = given;
  const { DomainARN: domainArn, ...search } = merged(present.search, rest);
  const isElastic = input.ElasticsearchDestinationUpdate !== undefined;
  return checked(
    input,
    {
      ...present,
      api: domain === undefined ? present.api : isElastic ? 'Elasticsearch' : 'Amazonopensearchservice',
      // One takes the other's place.
      url: rest.DomainARN === undefined ? (url ?? present.url) : undefined,
      ...(s3 !== undefined && { s3: backupOf({ ...present.s3, ...s3 }) }),
      search: {
        ...search,
        ...(url === undefined && domainArn !== undefined && { DomainARN: domainArn }),
        BufferingHints: { ...present.search.BufferingHints, ...hints },
        RetryOptions: merged(present.search.RetryOptions!, rest.RetryOptions ?? {}),
      },
    },
    settings,
  );
}

type GivenUpdate = AmazonopensearchserviceDestinationUpdate &
  Pick<AmazonOpenSearchServerlessDestinationUpdate, 'CollectionEndpoint'>;

/** Under the member that it was made with; credentials in the endpoint stay with us. */
export function searchDescription({
  api,
  url,
  search,
  s3,
}: OpenSearchDestination): Omit<DestinationDescription, 'DestinationId'> {
  const endpoint = url === undefined ? undefined : withoutCredentials(url);
  const S3DestinationDescription = s3;
  if (api === 'AmazonOpenSearchServerless') {
    const { IndexRotationPeriod: _rotation, DocumentIdOptions: _ids, ...collection } = search;
    return {
      AmazonOpenSearchServerlessDestinationDescription: {
        ...collection,
        ...(endpoint !== undefined && { CollectionEndpoint: endpoint }),
        S3DestinationDescription,
      },
    };
  }
  const description = {
    ...search,
    ...(endpoint !== undefined && { ClusterEndpoint: endpoint }),
    S3DestinationDescription,
  };
  return api === 'Elasticsearch'
    ? { ElasticsearchDestinationDescription: description }
    : { AmazonopensearchserviceDestinationDescription: description };
}

/** "Specify either this ClusterEndpoint or the DomainARN field." */
function checkPlace({
  ClusterEndpoint: endpoint,
  DomainARN: arn,
}: AmazonopensearchserviceDestinationConfiguration): void {
  if ((endpoint === undefined) === (arn === undefined)) throw onePlace();
}

function onePlace(): Error {
  return invalidArgument('Exactly one of DomainARN and ClusterEndpoint must be specified.');
}

/** "Switching between Amazon OpenSearch Service and other services is not supported." */
export function notSwitched(): Error {
  return invalidArgument('Switching between Amazon OpenSearch Service and other services is not supported.');
}

function checked(
  { DeliveryStreamName: name }: { readonly DeliveryStreamName: string },
  destination: OpenSearchDestination,
  { searchDomains }: Settings,
): OpenSearchDestination {
  const { api, url, search } = destination;
  if (api === 'AmazonOpenSearchServerless' && url === undefined)
    throw invalidArgument('CollectionEndpoint must be specified.');
  if (url !== undefined && !isClusterUrl(url)) throw invalidArgument(`${withoutCredentials(url)} is no URL.`);
  if (clusterOf(destination, searchDomains) === undefined)
    throw invalidArgument(
      `Where the domain ${search.DomainARN} is, is not known here: name it in --search-domains, or specify its ClusterEndpoint.`,
    );
  stepsOf(search.ProcessingConfiguration);
  checkedS3(name, destination.s3);
  return destination;
}
