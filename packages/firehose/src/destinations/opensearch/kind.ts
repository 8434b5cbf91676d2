import type { Delivery } from '../../delivery/delivery.ts';
import { DeliveryError } from '../../delivery/delivery-error.ts';
import { deliverRecords } from '../../delivery/record-delivery.ts';
import type { HttpAnswer } from '../../http-sender.ts';
import type { DestinationMetrics } from '../../metrics/delivery-stream-metrics.ts';
import { hintsFrom, mostSent } from '../buffering.ts';
import type { DestinationKind } from '../kind.ts';
import { sendBulks } from './bulk.ts';
import { clusterOf, withoutCredentials } from './cluster.ts';
import type { Cluster } from './cluster.ts';
import { documentPlaces } from './documents.ts';
import type { DocumentPlace } from './documents.ts';
import { createdSearch, searchDescription, updatedSearch } from './settings.ts';
import type { OpenSearchDestination, SearchApi } from './settings.ts';

/** OpenSearch, Elasticsearch and OpenSearch Serverless: one way to deliver, three members of the API. */
export const openSearchKind: DestinationKind<OpenSearchDestination> = {
  type: 'OpenSearch',
  isFixed: true,
  created: createdSearch,
  updated: updatedSearch,
  described: searchDescription,
  hints: ({ search }) => hintsFrom(search.BufferingHints!, mostSent),
  processing: ({ search }) => search.ProcessingConfiguration,
  metrics: ({ api }) => metricsNames[api],
  logging: ({ search, url }) => ({
    options: search.CloudWatchLoggingOptions,
    destination: url === undefined ? search.DomainARN! : withoutCredentials(url),
  }),
  // Records; a bulk and its pieces, which may be larger than the records where those are small.
  copies: 4,
  deliver: toOpenSearch,
};

const timeoutMs = 120_000;
const maxAnswerBytes = 32 << 20;

const metricsNames: Readonly<Record<SearchApi, DestinationMetrics>> = {
  Amazonopensearchservice: 'DeliveryToAmazonOpenSearchService',
  AmazonOpenSearchServerless: 'DeliveryToAmazonOpenSearchServerless',
  Elasticsearch: 'DeliveryToElasticsearch',
};

/** What stands before the times at the error prefix, where no prefix says otherwise. */
const errorOutputTypes: Readonly<Record<SearchApi, string>> = {
  Amazonopensearchservice: 'AmazonOpenSearchService_failed',
  AmazonOpenSearchServerless: 'AmazonOpenSearchService_failed',
  Elasticsearch: 'elasticsearch-failed',
};

async function toOpenSearch(delivery: Delivery, destination: OpenSearchDestination): Promise<void> {
  const { search, api } = destination;
  const { service, stream } = delivery;
  const placeOf = documentPlaces(destination, stream.arn);
  const unreachable = api === 'Elasticsearch' ? 'ES.ServiceException' : 'OS.ServiceException';
  await deliverRecords(delivery, {
    processing: search.ProcessingConfiguration,
    backsUpAll: search.S3BackupMode === 'AllDocuments',
    retrySeconds: search.RetryOptions!.DurationInSeconds!,
    errorOutputType: errorOutputTypes[api],
    unreachable,
    details: (record) => detailsOf(api, placeOf(record)),
    async send(records) {
      const cluster = clusterOf(destination, service.settings.searchDomains);
      // The server was started anew without it.
      if (cluster === undefined)
        throw new DeliveryError(unreachable, `Where the domain ${search.DomainARN} is, is not known here.`);
      return sendBulks(records, { placeOf, unreachable, post: (body) => post(delivery, cluster, body) });
    },
  });
}

async function post({ service, signal }: Delivery, cluster: Cluster, body: Buffer): Promise<HttpAnswer> {
  const { bulkUrl: url, authorization, aws } = cluster;
  const { http, signer, world } = service;
  const request = {
    method: 'POST',
    url,
    headers: { 'content-type': 'application/x-ndjson', ...(authorization !== undefined && { authorization }) },
    body,
  } as const;
  const headers =
    aws === undefined ? request.headers : await signer.sign(request, { ...aws, nowMs: world.clock.now() });
  return http.send({ ...request, headers, timeoutMs, maxAnswerBytes, signal });
}

/** As "Handle data delivery failures" of the guide shows the members, of the two products. */
function detailsOf(api: SearchApi, { index, id, type }: DocumentPlace): Readonly<Record<string, string>> {
  if (api === 'AmazonOpenSearchServerless')
    return { ...(id !== undefined && { osDocumentId: id }), osIndexName: index };
  return { ...(id !== undefined && { esDocumentId: id }), esIndexName: index, esTypeName: type ?? '' };
}
