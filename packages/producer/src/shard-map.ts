import { hash } from 'node:crypto';
import { ListShardsCommand } from '@aws-sdk/client-kinesis';
import type { ListShardsCommandInput, ListShardsCommandOutput, Shard } from '@aws-sdk/client-kinesis';
import type { Clock } from '@millrace/world';
import type { ProducerOptions } from './options.ts';

export interface ShardRange {
  readonly shardId: string;
  readonly start: bigint;
  readonly end: bigint;
  /** Their upper 30 bits. */
  readonly upperStart: number;
  readonly upperEnd: number;
  /** See birthOf. */
  readonly birth: bigint | undefined;
}

/** A place in the space of hash keys. */
export interface HashKey {
  readonly partitionKey: string;
  readonly explicitHashKey?: string | undefined;
  /** Its upper 30 bits (V8 keeps no more in place), which nearly always say enough; where they do not, all are computed. */
  readonly upper: number;
}

const lowerBits = 98n;

/**
 * When a shard was made, by a sequence number of it: the upper bits of each (version 2, as AWS has them: the hex digit 2, nine
 * with the second of the shard's creation, …). A stream that was deleted and made again has shards of the same names, of other
 * ranges. Undefined for a number of another kind.
 */
export function birthOf(sequenceNumber: string | undefined): bigint | undefined {
  if (sequenceNumber === undefined || !/^\d{56}$/.test(sequenceNumber)) return undefined;
  return BigInt(sequenceNumber) >> 148n;
}

/** The upper 30 bits of where a record goes. Throws RangeError where the explicit hash key is none. */
export function upperOf(partitionKey: string, explicitHashKey: string | undefined): number {
  if (explicitHashKey !== undefined) {
    if (!/^\d{1,39}$/.test(explicitHashKey) || BigInt(explicitHashKey) >> 128n !== 0n)
      throw new RangeError(`${explicitHashKey} is no hash key`);
    return Number(BigInt(explicitHashKey) >> lowerBits);
  }
  const digest = hash('md5', partitionKey, 'binary');
  return (
    (digest.charCodeAt(0) << 22) |
    (digest.charCodeAt(1) << 14) |
    (digest.charCodeAt(2) << 6) |
    (digest.charCodeAt(3) >> 2)
  );
}

function wholeOf({ partitionKey, explicitHashKey }: HashKey): bigint {
  return BigInt(explicitHashKey ?? `0x${hash('md5', partitionKey, 'hex')}`);
}

/** Negative when the key lies before, zero within, positive behind the range. */
export function placeOf(key: HashKey, range: ShardRange): number {
  const { upper } = key;
  if (upper > range.upperStart && upper < range.upperEnd) return 0;
  if (upper < range.upperStart) return -1;
  if (upper > range.upperEnd) return 1;
  const whole = wholeOf(key);
  return whole < range.start ? -1 : whole > range.end ? 1 : 0;
}

/** The open shards of a stream, as they were when it was last asked. */
export class ShardMap {
  readonly #options: Pick<ProducerOptions, 'client' | 'stream'>;
  readonly #patience: { readonly clock: Clock; readonly timeoutMs: number };
  #ranges: readonly ShardRange[] = [];
  #refresh: Promise<void> | undefined;

  /** A page that takes longer than `timeoutMs` fails. */
  constructor(
    options: Pick<ProducerOptions, 'client' | 'stream'>,
    patience: { readonly clock: Clock; readonly timeoutMs: number },
  ) {
    this.#options = options;
    this.#patience = patience;
  }

  get isKnown(): boolean {
    return this.#ranges.length > 0;
  }

  /** The map is old, and there is no newer one. */
  forget(): void {
    this.#ranges = [];
  }

  /** Asks anew. Calls that come while one is under way share it. */
  refresh(): Promise<void> {
    this.#refresh ??= this.#load().finally(() => (this.#refresh = undefined));
    return this.#refresh;
  }

  /** The shard that takes a hash; undefined while nothing is known. */
  shardOf(key: HashKey): ShardRange | undefined {
    let [low, high] = [0, this.#ranges.length - 1];
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const place = placeOf(key, this.#ranges[middle]!);
      if (place === 0) return this.#ranges[middle];
      if (place < 0) high = middle - 1;
      else low = middle + 1;
    }
    return undefined;
  }

  get ids(): Set<string> {
    return new Set(this.#ranges.map(({ shardId }) => shardId));
  }

  /**
   * The range of a shard that has just taken a record, wherever it is by now: open, or closed by another reshard. Undefined where
   * the stream no longer lists it.
   */
  async rangeOf(shardId: string, birth: bigint | undefined): Promise<ShardRange | undefined> {
    const isIt = (range: ShardRange): boolean => range.shardId === shardId && !areDifferent(range.birth, birth);
    const known = (): ShardRange | undefined => this.#ranges.find(isIt);
    if (known() === undefined) {
      // One that is under way may have been asked before the shard was there.
      await this.#refresh?.catch(() => undefined);
      await this.refresh();
    }
    return known() ?? (await this.#list(false)).find(isIt);
  }

  async #load(): Promise<void> {
    const ranges = await this.#list(true);
    this.#ranges = ranges.sort((one, other) => (one.start < other.start ? -1 : 1));
  }

  async #list(openOnly: boolean): Promise<ShardRange[]> {
    const { stream } = this.#options;
    const filter = openOnly ? { ShardFilter: { Type: 'AT_LATEST' as const } } : {};
    const ranges: ShardRange[] = [];
    let next: string | undefined;
    do {
      const page = await this.#page(
        next === undefined ? { ...streamReference(stream), ...filter } : { NextToken: next },
      );
      for (const shard of page.Shards ?? []) ranges.push(rangeOf(shard));
      next = page.NextToken;
    } while (next !== undefined);
    return ranges;
  }

  async #page(input: ListShardsCommandInput): Promise<ListShardsCommandOutput> {
    const { clock, timeoutMs } = this.#patience;
    const abort = new AbortController();
    const timer = clock.setTimer(timeoutMs, () => abort.abort());
    try {
      return await this.#options.client.send(new ListShardsCommand(input), { abortSignal: abort.signal });
    } finally {
      timer.cancel();
    }
  }
}

/** A name or an ARN, as requests have them. */
export function streamReference(stream: string): { StreamName: string } | { StreamARN: string } {
  return stream.startsWith('arn:') ? { StreamARN: stream } : { StreamName: stream };
}

/** Whether both are known, and not the same. */
export function areDifferent(one: bigint | undefined, other: bigint | undefined): boolean {
  return one !== undefined && other !== undefined && one !== other;
}

function rangeOf({ ShardId, HashKeyRange, SequenceNumberRange }: Shard): ShardRange {
  const start = BigInt(HashKeyRange!.StartingHashKey!);
  const end = BigInt(HashKeyRange!.EndingHashKey!);
  return {
    shardId: ShardId!,
    start,
    end,
    upperStart: Number(start >> lowerBits),
    upperEnd: Number(end >> lowerBits),
    birth: birthOf(SequenceNumberRange?.StartingSequenceNumber),
  };
}
