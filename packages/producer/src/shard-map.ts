import { createHash } from 'node:crypto';
import { ListShardsCommand } from '@aws-sdk/client-kinesis';
import type { ListShardsCommandOutput } from '@aws-sdk/client-kinesis';
import type { ProducerOptions } from './options.ts';

export interface ShardRange {
  readonly shardId: string;
  readonly start: bigint;
  readonly end: bigint;
}

/** Where a record goes in the space of hash keys. */
export function hashOf(partitionKey: string, explicitHashKey?: string): bigint {
  return BigInt(explicitHashKey ?? `0x${createHash('md5').update(partitionKey).digest('hex')}`);
}

/** The open shards of a stream, as they were when it was last asked. */
export class ShardMap {
  readonly #options: Pick<ProducerOptions, 'client' | 'stream'>;
  #ranges: readonly ShardRange[] = [];
  #refresh: Promise<void> | undefined;

  constructor(options: Pick<ProducerOptions, 'client' | 'stream'>) {
    this.#options = options;
  }

  get isKnown(): boolean {
    return this.#ranges.length > 0;
  }

  /** Asks anew. Calls that come while one is under way share it. */
  refresh(): Promise<void> {
    this.#refresh ??= this.#load().finally(() => (this.#refresh = undefined));
    return this.#refresh;
  }

  /** The shard that takes a hash; undefined while nothing is known. */
  shardOf(hash: bigint): ShardRange | undefined {
    let [low, high] = [0, this.#ranges.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#ranges[middle]!.start <= hash) low = middle + 1;
      else high = middle;
    }
    return this.#ranges[low - 1];
  }

  get ids(): Set<string> {
    return new Set(this.#ranges.map(({ shardId }) => shardId));
  }

  rangeOf(shardId: string): ShardRange | undefined {
    return this.#ranges.find((range) => range.shardId === shardId);
  }

  async #load(): Promise<void> {
    const { client, stream } = this.#options;
    const ranges: ShardRange[] = [];
    let next: string | undefined;
    do {
      const first = { ...streamReference(stream), ShardFilter: { Type: 'AT_LATEST' as const } };
      const page: ListShardsCommandOutput = await client.send(
        new ListShardsCommand(next === undefined ? first : { NextToken: next }),
      );
      for (const { ShardId: shardId, HashKeyRange: range } of page.Shards ?? [])
        ranges.push({
          shardId: shardId!,
          start: BigInt(range!.StartingHashKey!),
          end: BigInt(range!.EndingHashKey!),
        });
      next = page.NextToken;
    } while (next !== undefined);
    this.#ranges = ranges.sort((one, other) => (one.start < other.start ? -1 : 1));
  }
}

/** A name or an ARN, as requests have them. */
export function streamReference(stream: string): { StreamName: string } | { StreamARN: string } {
  return stream.startsWith('arn:') ? { StreamARN: stream } : { StreamName: stream };
}
