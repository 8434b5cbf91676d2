import { consume } from '@millrace/consumer';
import type { Consumer, ConsumerOptions, LeaseStore } from '@millrace/consumer';
import type { FlowParts } from '../flow.ts';
import type { FileStatus, FlowSource } from './flow-source.ts';
import { readSubscriptionRecord } from './subscription-records.ts';

export interface CloudWatchLogsFlowOptions {
  readonly stream: string;
  readonly client: ConsumerOptions['client'];
  readonly leases: LeaseStore;
  readonly isFromStart: boolean;
  readonly parts: FlowParts;
  onForeign(shardId: string, sequenceNumber: string): void;
  onError(error: unknown): void;
}

/**
 * Reads the stream of a CloudWatch Logs subscription: each log event is a record, as if it were a line of a file. How far it was read
 * is written down only when all of it is stored.
 */
export class CloudWatchLogsFlow implements FlowSource {
  readonly #options: CloudWatchLogsFlowOptions;
  #consumer: Consumer | undefined;
  readonly files: readonly FileStatus[] = [];

  constructor(options: CloudWatchLogsFlowOptions) {
    this.#options = options;
  }

  start(): Promise<void> {
    const { stream, client, leases, isFromStart, onError } = this.#options;
    this.#consumer = consume({
      client,
      stream,
      leases,
      initialPosition: isFromStart ? 'TRIM_HORIZON' : 'LATEST',
      processor: async (records, { shardId }) => {
        for (const { data, sequenceNumber } of records) await this.#take(data, shardId, sequenceNumber);
        await this.#options.parts.publisher.flush();
      },
      onEvent: (event) => {
        if (event.type === 'error') onError(event.error);
      },
    });
    return Promise.resolve();
  }

  async stopReading(): Promise<void> {
    await this.#consumer?.stop();
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  async #take(data: Uint8Array, shardId: string, sequenceNumber: string): Promise<void> {
    const { parts, onForeign } = this.#options;
    const messages = await readSubscriptionRecord(data);
    parts.counters.bytesRead += data.length;
    if (messages === undefined) {
      parts.counters.foreignRecords += 1;
      onForeign(shardId, sequenceNumber);
      return;
    }
    for (const message of messages) {
      await parts.publisher.room();
      parts.sink.take(Buffer.from(message.endsWith('\n') ? message : `${message}\n`), this, undefined);
    }
  }
}
