export { BufferFullError, DeliveryError, ProducerClosedError } from './errors.ts';
export type { Attempt } from './errors.ts';
export type { ProducerHooks, ProducerOptions, RequestReport } from './options.ts';
export { Producer } from './producer.ts';
export type { ProducerMetrics, ProducerRecord, PutResult } from './types.ts';
