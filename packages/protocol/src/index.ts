export type * from './http.ts';
export { encodingOf, openExchange, readInput, writeError, writeOutput } from './exchange.ts';
export type { Encoding, Exchange } from './exchange.ts';
export { indexServices } from './service-index.ts';
export type { ServiceIndex } from './service-index.ts';
export { readCbor, CborError } from './cbor/cbor-reader.ts';
export { compileCborWriter } from './cbor/cbor-writer.ts';
export { decodeFrame, encodeFrame } from './event-stream/frame.ts';
