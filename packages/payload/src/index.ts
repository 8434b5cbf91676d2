export { chain, payloadReader } from './chain.ts';
export { streamNameOf } from './codec.ts';
export type { PayloadCodec, PayloadContext } from './codec.ts';
export { compression, compressionOf } from './compression.ts';
export type { CompressionName, CompressionOptions } from './compression.ts';
export { awsEncryption } from './encryption.ts';
export type { AwsEncryptionOptions, EncryptionClient } from './encryption.ts';
