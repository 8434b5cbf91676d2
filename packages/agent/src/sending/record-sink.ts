import { createHash } from 'node:crypto';
import type { Random } from '@millrace/world';
import type { Process } from '../processing/processing.ts';
import type { Counters } from './counters.ts';
import type { Publisher } from './publisher.ts';

export interface SinkOptions {
  readonly publisher: Publisher;
  readonly process: Process | undefined;
  readonly counters: Counters;
  readonly random: Random;
  /** How a stream's partition keys are made; undefined for delivery streams. */
  readonly partitionKeys: 'RANDOM' | 'DETERMINISTIC' | undefined;
  /** The partition key included. */
  readonly maxRecordBytes: number;
  readonly truncatedTerminator: string;
  onProcessingError(error: Error): void;
}

/** Makes what the destination gets of what stands in a source. */
export class RecordSink {
  readonly #options: SinkOptions;

  constructor(options: SinkOptions) {
    this.#options = options;
  }

  /** `position` of the source counts once this and all before it are stored. */
  take(raw: Buffer, source: object, position: unknown): void {
    const { publisher, counters } = this.#options;
    counters.recordsParsed += 1;
    const processed = this.#process(raw);
    if (processed === undefined) {
      counters.recordsSkipped += 1;
      publisher.advance(source, position);
      return;
    }
    const partitionKey = this.#partitionKey(processed);
    const data = this.#truncate(processed, partitionKey);
    publisher.add({ data, partitionKey }, source, position);
  }

  #process(raw: Buffer): Buffer | undefined {
    const { process, counters, onProcessingError } = this.#options;
    if (process === undefined) return raw;
    try {
      const result = process(raw);
      if (result !== undefined) counters.recordsProcessed += 1;
      return result;
    } catch (error) {
      counters.processingErrors += 1;
      onProcessingError(error as Error);
      return raw;
    }
  }

  #partitionKey(data: Buffer): string | undefined {
    const { partitionKeys, random } = this.#options;
    if (partitionKeys === undefined) return undefined;
    if (partitionKeys === 'DETERMINISTIC') return createHash('md5').update(data).digest('hex');
    return String(random.fraction() * 1_000_000);
  }

  /** Cut in front of a character, not inside of one. */
  #truncate(data: Buffer, partitionKey = ''): Buffer {
    const { maxRecordBytes, truncatedTerminator, counters } = this.#options;
    const most = maxRecordBytes - partitionKey.length;
    if (data.length <= most) return data;
    counters.recordsTruncated += 1;
    const terminator = Buffer.from(truncatedTerminator);
    let end = most - terminator.length;
    for (let back = 0; back < 3 && (data[end]! & 0xc0) === 0x80; back += 1) end -= 1;
    return Buffer.concat([data.subarray(0, end), terminator]);
  }
}
