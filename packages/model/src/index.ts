export * from './aws-error.ts';
export * from './outcome.ts';
export { partitionOf } from './partition.ts';
export type * from './shapes.ts';
export { jsonEncoder, loadService } from './load.ts';
export type { JsonEncoder } from './encode-json.ts';
export { readModelFile } from './model-file.ts';
export type { FileOperation, FileReference, FileShape, ModelFile, ServiceId } from './model-file.ts';
