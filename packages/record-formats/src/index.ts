export type { Conversion, FailedRecord } from './conversion.ts';
export { ConversionSettingsError } from './errors.ts';
export type { RecordErrorCode } from './errors.ts';
export { openFormats, openFormatsInThread } from './open-formats.ts';
export type { FormatsOptions, RecordFormats } from './open-formats.ts';
export type { FileSink, FileSummary } from './row-file.ts';
export type {
  ConversionSettings,
  Deserializer,
  GlueColumn,
  HiveJsonSerDe,
  OpenXJsonSerDe,
  ParquetSerDe,
  Serializer,
} from './settings.ts';
