import type { World } from '@millrace/world';
import { largestRecordBytes } from './configuration/configuration.ts';
import type { FlowConfiguration } from './configuration/configuration.ts';
import { createProcessing } from './processing/processing.ts';
import type { ProcessingSurroundings } from './processing/processing.ts';
import { Counters } from './sending/counters.ts';
import type { Put } from './sending/destination.ts';
import { Publisher } from './sending/publisher.ts';
import { RecordSink } from './sending/record-sink.ts';

/** What a flow has behind its source: processing, requests, counts. */
export interface FlowParts {
  readonly counters: Counters;
  readonly publisher: Publisher;
  readonly sink: RecordSink;
  /** Set by the source: gets how far it is stored. */
  onStored: (positions: ReadonlyMap<object, unknown>) => void;
}

export interface FlowPartsOptions {
  readonly world: Pick<World, 'clock' | 'random'>;
  readonly configuration: FlowConfiguration;
  readonly put: Put;
  readonly inFlight: number;
  readonly maxBufferedBytes: number;
  readonly instance: ProcessingSurroundings['instance'];
  onFailure(reason: string, records: number): void;
  onProcessingError(error: Error): void;
  onRequest(outcome: { records: number; stored: number; bytes: number; isError: boolean }): void;
}

export function createFlowParts(options: FlowPartsOptions): FlowParts {
  const { world, configuration, put, inFlight, maxBufferedBytes } = options;
  const { options: said, destination, steps } = configuration;
  const counters = new Counters();
  const publisher = new Publisher({
    put,
    clock: world.clock,
    random: world.random,
    counters,
    maxRecords: said.maxBufferSizeRecords,
    maxBytes: said.maxBufferSizeBytes,
    maxAgeMs: said.maxBufferAgeMillis,
    capacity: said.publishQueueCapacity,
    maxBufferedBytes,
    inFlight,
    initialBackoffMs: said.retryInitialBackoffMillis,
    maxBackoffMs: said.retryMaxBackoffMillis,
    onStored: (positions) => parts.onStored(positions),
    onFailure: options.onFailure,
    onRequest: options.onRequest,
  });
  const sink = new RecordSink({
    publisher,
    process: createProcessing(steps, { now: () => world.clock.now(), instance: options.instance }),
    counters,
    random: world.random,
    partitionKeys: destination.type === 'stream' ? said.partitionKeyOption : undefined,
    maxRecordBytes: largestRecordBytes[destination.type],
    truncatedTerminator: said.truncatedRecordTerminator,
    onProcessingError: options.onProcessingError,
  });
  const parts: FlowParts = { counters, publisher, sink, onStored: () => undefined };
  return parts;
}
