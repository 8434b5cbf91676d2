import { ListShardsCommand } from '@aws-sdk/client-kinesis';
import type { KinesisClient, ListShardsCommandOutput, Shard } from '@aws-sdk/client-kinesis';
import { leaseKeyOf } from './leases/lease.ts';
import type { Lease } from './leases/lease.ts';

/** A name or an ARN, as requests have them. */
export function streamReference(stream: string): { StreamName: string } | { StreamARN: string } {
  return stream.startsWith('arn:') ? { StreamARN: stream } : { StreamName: stream };
}

/** All of a stream's shards, closed ones too, over every page. Throws what the client throws. */
export async function listShards({
  client,
  stream,
}: {
  readonly client: Pick<KinesisClient, 'send'>;
  readonly stream: string;
}): Promise<Shard[]> {
  const shards: Shard[] = [];
  let next: string | undefined;
  do {
    const page: ListShardsCommandOutput = await client.send(
      new ListShardsCommand(next === undefined ? streamReference(stream) : { NextToken: next }),
    );
    shards.push(...(page.Shards ?? []));
    next = page.NextToken;
  } while (next !== undefined);
  return shards;
}

/** A lease that nobody has yet. `stream` is the identifier of one of several. */
export function newLease(
  shard: {
    ShardId?: string | undefined;
    HashKeyRange?: Shard['HashKeyRange'];
    parents: readonly string[];
  },
  sequenceNumber: string,
  stream?: string,
): Lease {
  const { StartingHashKey: start, EndingHashKey: end } = shard.HashKeyRange ?? {};
  return {
    leaseKey: leaseKeyOf(stream, shard.ShardId!),
    shardId: shard.ShardId!,
    stream,
    owner: undefined,
    checkpointOwner: undefined,
    counter: 0,
    checkpoint: { sequenceNumber, subSequenceNumber: 0 },
    tip: undefined,
    throughputKBps: undefined,
    parentShardIds: shard.parents,
    hashKeyRange: start === undefined || end === undefined ? undefined : { start, end },
  };
}

export function parentsOf({ ParentShardId, AdjacentParentShardId }: Shard): string[] {
  return [ParentShardId, AdjacentParentShardId].filter((parent) => parent !== undefined);
}

export type InitialPosition = 'TRIM_HORIZON' | 'LATEST' | 'AT_TIMESTAMP';

/**
 * Whether a lease's shard is one of the stream's. `former`: the stream was deleted and made again under its name, and what has the
 * shard's id now is another one, of another range or with sequence numbers above what was read. `doubtful`: read to its end, and
 * yet listed as open.
 */
export type Standing = 'present' | 'gone' | 'former' | 'doubtful';

/** A stream's shards beside the application's leases for it, both as they were listed, the leases first. */
export class Lineage {
  readonly #shards = new Map<string, Shard>();
  readonly #leases: ReadonlyMap<string, Lease>;
  readonly #heirs = new Map<string, string[]>();
  readonly #initialPosition: InitialPosition;
  /** Answers, because splits and merges one after the other lead to the same shards in many ways. */
  readonly #pending = new Map<string, boolean>();
  readonly #begun = new Map<string, boolean>();

  constructor(shards: readonly Shard[], leases: readonly Lease[], initialPosition: InitialPosition) {
    this.#leases = new Map(leases.map((lease) => [lease.shardId, lease]));
    this.#initialPosition = initialPosition;
    for (const shard of shards) {
      this.#shards.set(shard.ShardId!, shard);
      for (const parent of parentsOf(shard))
        this.#heirs.set(parent, [...(this.#heirs.get(parent) ?? []), shard.ShardId!]);
    }
  }

  /** See Standing. */
  standingOf(lease: Lease): Standing {
    const shard = this.#shards.get(lease.shardId);
    if (shard === undefined) return 'gone';
    const { sequenceNumber } = lease.checkpoint;
    const { StartingSequenceNumber: first, EndingSequenceNumber: last } = shard.SequenceNumberRange ?? {};
    const range = newLease({ ...shard, parents: [] }, sequenceNumber).hashKeyRange;
    const [known, listed] = [lease.hashKeyRange, range];
    if (known && listed && (known.start !== listed.start || known.end !== listed.end)) return 'former';
    if (first !== undefined && /^\d+$/.test(sequenceNumber) && BigInt(sequenceNumber) < BigInt(first)) return 'former';
    return isFinished(lease) && last === undefined ? 'doubtful' : 'present';
  }

  /** A lease for the shard that has the name of this one's by now: from its beginning, for it was made since. */
  again({ shardId, counter }: Lease, stream?: string): Lease {
    const shard = this.#shards.get(shardId)!;
    const position = this.#initialPosition === 'LATEST' ? 'TRIM_HORIZON' : this.#initialPosition;
    // Above the former counter: who held it finds that somebody has written.
    return { ...newLease({ ...shard, parents: parentsOf(shard) }, position, stream), counter: counter + 1 };
  }

  /**
   * Whether a shard has records that are still to be read: its lease is not finished, or it will get one. One that is not listed
   * any more has expired; one whose children are being read is over, and KCL may have removed its lease. From TRIM_HORIZON or a time on
   * every other listed shard is read; from LATEST on those that come of one that is.
   */
  isPending(shardId: string): boolean {
    return remembered(this.#pending, shardId, () => this.#askPending(shardId));
  }

  #askPending(shardId: string): boolean {
    const lease = this.#leases.get(shardId);
    if (lease !== undefined) return !isFinished(lease);
    const shard = this.#shards.get(shardId);
    if (shard === undefined || this.#hasHeirs(shardId)) return false;
    return this.#initialPosition !== 'LATEST' || parentsOf(shard).some((parent) => this.isPending(parent));
  }

  /** The leases to make, parents before their children. */
  missing(stream?: string): Lease[] {
    const found: Lease[] = [];
    for (const shard of this.#shards.values()) {
      if (this.#leases.has(shard.ShardId!) || this.#hasHeirs(shard.ShardId!)) continue;
      const parents = parentsOf(shard);
      // Their reader makes it when it comes to their end.
      if (parents.some((parent) => this.isPending(parent))) continue;
      const position = this.#initialPosition === 'LATEST' ? this.#fromLatest(shard, parents) : this.#initialPosition;
      if (position !== undefined) found.push(newLease({ ...shard, parents }, position, stream));
    }
    return found;
  }

  /** A child of a shard that was read is read from its beginning; an open one that nobody came to, from now on; others are passed over. */
  #fromLatest(shard: Shard, parents: readonly string[]): string | undefined {
    if (parents.some((parent) => this.#leases.has(parent))) return 'TRIM_HORIZON';
    // Its parents came and went while nobody read.
    const areGone = parents.length > 0 && parents.every((parent) => !this.#shards.has(parent));
    if (areGone && this.#leases.size > 0) return 'TRIM_HORIZON';
    return shard.SequenceNumberRange?.EndingSequenceNumber === undefined ? 'LATEST' : undefined;
  }

  /** Whether a child, or a child's child, was begun: that is done only when all of its parents are over. */
  #hasHeirs(shardId: string): boolean {
    return remembered(this.#begun, shardId, () =>
      (this.#heirs.get(shardId) ?? []).some((heir) => {
        const lease = this.#leases.get(heir);
        return lease === undefined ? this.#hasHeirs(heir) : !untouched.has(lease.checkpoint.sequenceNumber);
      }),
    );
  }
}

/** Where a shard stands that waits for its parents. */
const untouched = new Set(['TRIM_HORIZON', 'AT_TIMESTAMP']);

function remembered(answers: Map<string, boolean>, shardId: string, ask: () => boolean): boolean {
  let answer = answers.get(shardId);
  if (answer === undefined) answers.set(shardId, (answer = ask()));
  return answer;
}

export function isFinished({ checkpoint }: Lease): boolean {
  return checkpoint.sequenceNumber === 'SHARD_END';
}
