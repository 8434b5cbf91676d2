export { TableAppender } from './append/table-appender.ts';
export type { Append, AppendResult, AppenderParts } from './append/table-appender.ts';
export type { CatalogAnswer, CatalogRequest, CatalogSender } from './catalog/catalog-sender.ts';
export type { CatalogCredentials } from './catalog/credentials.ts';
export { RestCatalog } from './catalog/rest-catalog.ts';
export type { CatalogOptions, NewTable, TableName } from './catalog/rest-catalog.ts';
export { deliveryProperty } from './catalog/table-metadata.ts';
export type {
  AddedRecords,
  DataFile,
  DataFileFormats,
  DataFiles,
  FailedRecord,
  TableFiles,
  TableLayout,
} from './data-files.ts';
export { IcebergError } from './errors.ts';
export type { IcebergErrorCode } from './errors.ts';
export { MetricsCollector } from './schema/metrics.ts';
export { Partitioner } from './schema/partitioning.ts';
export { singleValue } from './schema/single-value.ts';
export { bindTransform } from './schema/transforms.ts';
export type { BoundTransform } from './schema/transforms.ts';
export { parseSchema } from './schema/types.ts';
export type { IcebergField, IcebergType, PrimitiveType, StructType } from './schema/types.ts';
