export { daysOfDate, readInstant } from './calendar.ts';
export type { Instant } from './calendar.ts';
export { parseDecimal, parseShortDecimal } from './decimal.ts';
export { OrcOptionError, OrcSchemaError, OrcValueError } from './errors.ts';
export type { OrcOptions } from './options.ts';
export { parseSchema, parseType } from './types.ts';
export type { OrcColumn, OrcField, OrcType, StructType } from './types.ts';
export { createOrcWriter } from './writer.ts';
export type { OrcRow, OrcSink, OrcSummary, OrcWriter, RejectedRow } from './writer.ts';
