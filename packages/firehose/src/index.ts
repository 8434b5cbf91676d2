export type { Compressor, Compressors } from './delivery/compression.ts';
export { firehoseMachine } from './machine.ts';
export type { ObjectStore, StoredObject } from './object-store.ts';
export { openFirehose } from './open.ts';
export type { FirehoseOptions, OpenFirehose } from './open.ts';
export { firehoseOperations } from './operations.ts';
export type { Firehose } from './service.ts';
export { openS3Store } from './stores/s3-store.ts';
export { openFolderStore } from './stores/folder-store.ts';
