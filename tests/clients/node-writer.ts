import type { Kinesis } from '@aws-sdk/client-kinesis';
import { Producer } from '@millrace/producer';
import type { Acknowledged, Writer } from './kpl-writer.ts';

/** @millrace/producer in the KPL's place. */
export class NodeWriter implements Writer {
  readonly acknowledged: Acknowledged[] = [];
  readonly failed: string[] = [];
  readonly #producer: Producer;

  constructor(client: Kinesis) {
    this.#producer = new Producer({ client, stream: 'events', lingerMs: 200 });
  }

  put(key: string, text: string, hashKey?: string): void {
    const record = { partitionKey: key, data: text, ...(hashKey !== undefined && { explicitHashKey: hashKey }) };
    this.#producer.put(record).then(
      ({ shardId: shard, ...rest }) => void this.acknowledged.push({ key, text, shard, ...rest }),
      (error: unknown) => void this.failed.push(String(error)),
    );
  }

  async end(): Promise<void> {
    await this.#producer.close();
  }

  async stop(): Promise<void> {
    await this.#producer.close();
  }
}
