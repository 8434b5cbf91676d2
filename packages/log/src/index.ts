export type * from './shard-log.ts';
export type * from './log-record.ts';
export * from './shard-log-types.ts';
export type * from './registry.ts';
export { openEmbeddedLog } from './embedded/embedded-log.ts';
export type { EmbeddedLogOptions } from './embedded/embedded-log.ts';
export { openRegistry } from './registry/embedded-registry.ts';
export type { RegistryOptions } from './registry/embedded-registry.ts';
export { decodeLine, encodeLine, LineFile } from './checked-lines.ts';
