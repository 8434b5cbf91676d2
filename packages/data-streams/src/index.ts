export { operations } from './operations.ts';
export { openDataStreams } from './open.ts';
export type { DataStreamsOptions, OpenDataStreams } from './open.ts';
export { streamsMachine } from './machine.ts';
export type { Sample } from './metrics/stream-metrics.ts';
export { missingOperations } from './missing-operations.ts';
export { resourcesOf } from './resources.ts';
export type { Handler, Handlers, MissingOperation, Operations } from './handler.ts';
export type { DataKeys, DataStreams, RequestContext, Settings } from './service.ts';
