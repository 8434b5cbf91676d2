import { httpEndpointKind } from './http-endpoint/kind.ts';
import type { HttpDestination } from './http-endpoint/settings.ts';
import { icebergKind } from './iceberg/kind.ts';
import type { IcebergDestination } from './iceberg/settings.ts';
import type { DestinationKind } from './kind.ts';
import { openSearchKind } from './opensearch/kind.ts';
import type { OpenSearchDestination } from './opensearch/settings.ts';
import { redshiftKind } from './redshift/kind.ts';
import type { RedshiftDestination } from './redshift/settings.ts';
import { s3Kind } from './s3/kind.ts';
import type { S3Destination } from './s3/settings.ts';
import { splunkKind } from './splunk/kind.ts';
import type { SplunkDestination } from './splunk/settings.ts';

/** Where a delivery stream's records go, with everything that was left out filled in. */
export type Destination =
  | HttpDestination
  | IcebergDestination
  | OpenSearchDestination
  | RedshiftDestination
  | S3Destination
  | SplunkDestination;

/** Every kind of destination. */
export const kinds = [
  s3Kind,
  httpEndpointKind,
  splunkKind,
  openSearchKind,
  redshiftKind,
  icebergKind,
] as unknown as readonly DestinationKind<Destination>[];

export function kindOf({ type }: Destination): DestinationKind<Destination> {
  return kinds.find((kind) => kind.type === type)!;
}
