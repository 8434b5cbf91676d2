import type { Lease } from './leases/lease.ts';
import { leaseKeyOf } from './leases/lease.ts';
import type { ConsumerSettings } from './options.ts';
import { isFinished, Lineage, listShards } from './shards.ts';
import type { StreamPlace, Streams } from './streams.ts';

/** Keeps the leases to what the streams' shards are. */
export class ShardSync {
  readonly #settings: ConsumerSettings;
  readonly #streams: Streams;
  /** Parents without a lease that have nothing to read. */
  readonly #over = new Set<string>();
  /** Finished leases of shards that were listed as open the last time. */
  readonly #doubtful = new Set<string>();

  constructor(settings: ConsumerSettings, streams: Streams) {
    this.#settings = settings;
    this.#streams = streams;
  }

  /** Makes leases for shards that have none; finished ones of shards that are no more go. Answers how many were made. */
  async sync(leases: readonly Lease[]): Promise<number> {
    const { leases: store, onEvent } = this.#settings;
    let made = 0;
    for (const place of this.#streams.places.values()) {
      try {
        const theirs = leases.filter(({ stream }) => stream === place.identifier);
        const lineage = await this.#lineage(place, theirs);
        for (const lease of lineage.missing(place.identifier)) {
          await store.create(lease);
          made += 1;
        }
        for (const lease of theirs) await this.#review(lease, lineage, place);
      } catch (error) {
        // What is wrong with one stream shall not hold up the others.
        if (this.#streams.places.size === 1) throw error;
        onEvent?.({ type: 'error', during: `listing the shards of ${place.stream}`, error });
      }
    }
    return made;
  }

  /** Finished ones of shards that are no more go; those of shards that were made again under their name begin anew. */
  async #review(lease: Lease, lineage: Lineage, { identifier }: StreamPlace): Promise<void> {
    const { leases: store } = this.#settings;
    const standing = lineage.standingOf(lease);
    // A list may be older than what a reader was told: the next one decides.
    const isDoubtful = standing === 'doubtful' && !this.#doubtful.has(lease.leaseKey);
    if (standing === 'doubtful') this.#doubtful.add(lease.leaseKey);
    else this.#doubtful.delete(lease.leaseKey);
    if (standing === 'present' || isDoubtful || (standing === 'gone' && !isFinished(lease))) return;
    await store.remove(lease);
    if (standing !== 'gone') await store.create(lineage.again(lease, identifier));
  }

  async #lineage({ stream }: StreamPlace, leases: readonly Lease[]): Promise<Lineage> {
    const { client, initialPosition = 'TRIM_HORIZON' } = this.#settings;
    const position = initialPosition instanceof Date ? 'AT_TIMESTAMP' : initialPosition;
    return new Lineage(await listShards({ client, stream }), leases, position);
  }

  /**
   * Tells of a lease's parents whether they are over, so that it may be read. Of one without a lease only the stream can tell: it
   * may have expired, or its own parents are still being read.
   */
  async judge(leases: readonly Lease[]): Promise<(lease: Lease, parentShardId: string) => boolean> {
    const known = new Map(leases.map((lease) => [lease.leaseKey, lease]));
    const asked = new Set<string>();
    for (const place of this.#streams.places.values()) {
      const theirs = leases.filter(({ stream }) => stream === place.identifier);
      const parents = new Set(theirs.filter((one) => !isFinished(one)).flatMap((one) => one.parentShardIds));
      const unknown = [...parents].filter((parent) => {
        const key = leaseKeyOf(place.identifier, parent);
        asked.add(key);
        return !known.has(key) && !this.#over.has(key);
      });
      if (unknown.length === 0) continue;
      const lineage = await this.#lineage(place, theirs);
      for (const parent of unknown)
        if (!lineage.isPending(parent)) this.#over.add(leaseKeyOf(place.identifier, parent));
    }
    for (const key of this.#over) if (!asked.has(key)) this.#over.delete(key);
    return ({ stream }, parentShardId) => {
      const key = leaseKeyOf(stream, parentShardId);
      const lease = known.get(key);
      return lease === undefined ? this.#over.has(key) : isFinished(lease);
    };
  }
}
