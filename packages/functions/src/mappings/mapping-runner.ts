import { readableShards } from '@millrace/log';
import { partitionOf } from '@millrace/model';
import { pause } from '@millrace/world';
import type { ByteBudget } from '@millrace/world';
import { storedFunction } from '../function-lookup.ts';
import type { Functions } from '../service.ts';
import { recordFilter } from './filters.ts';
import type { RecordFilter } from './filters.ts';
import { Lane } from './lane.ts';
import type { LaneCounters } from './lane.ts';
import type { Mapping, OpenWindow } from './mapping.ts';
import type { SourceShard, SourceStream } from './source.ts';

/** How soon shards that are new are noticed. */
const lookAgainMs = 500;
/** What is done is kept this soon: a crash in between repeats it. */
const keepMs = 50;
const lostStream = 'PROBLEM: Stream not found';

interface Shared {
  readonly service: Functions;
  readonly memory: ByteBudget;
  readonly counters: LaneCounters;
}

/** Runs a mapping that is Enabled: lanes for each shard that can be read, a shard's parents before it. */
export class MappingRunner {
  readonly #shared: Shared;
  readonly #mapping: Mapping;
  readonly #filter: RecordFilter | undefined;
  readonly #stop = new AbortController();
  readonly #lanes = new Map<number, readonly Lane[]>();
  readonly #running = new Set<Promise<void>>();
  /** A look at the shards that was asked for wakes the one that waits. */
  #wake = new AbortController();
  #isMoved = false;
  /** The stream, or the consumer that the mapping reads as, was not there at the last look. */
  #isLost = false;
  /** The stream's, at the last look: it can be changed while lanes run. */
  #retentionMs = Infinity;
  #keeping: Promise<void> | undefined;
  #result: string;

  constructor(shared: Shared, mapping: Mapping) {
    this.#shared = shared;
    this.#mapping = mapping;
    this.#result = mapping.lastResult;
    this.#filter = recordFilter(mapping.settings.filters);
    this.#track(this.#watch());
  }

  /** Resolves when nothing of it is under way and what is done is kept. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#wake.abort();
    while (this.#running.size > 0) await Promise.all(this.#running);
    await this.#keeping;
    if (this.#isMoved) await this.#keep();
  }

  #track(work: Promise<void>): void {
    this.#running.add(work);
    void work.finally(() => this.#running.delete(work));
  }

  #stream(): SourceStream | undefined {
    const stream = this.#shared.service.sources.find(this.#mapping.sourceArn);
    // A stream of the same name that was made later is not the one that was asked for.
    return stream?.id === this.#mapping.streamId ? stream : undefined;
  }

  #shard(logId: number): SourceShard | undefined {
    return this.#stream()?.shards.find((one) => one.logId === logId);
  }

  async #watch(): Promise<void> {
    const { clock } = this.#shared.service.world;
    while (!this.#stop.signal.aborted) {
      const stream = this.#stream();
      this.#isLost = stream === undefined;
      this.#retentionMs = stream?.retentionMs ?? this.#retentionMs;
      if (stream === undefined) this.#moved(lostStream);
      else this.#startLanes(stream);
      await pause(clock, lookAgainMs, [this.#wake.signal]);
      if (!this.#stop.signal.aborted) this.#wake = new AbortController();
    }
  }

  #startLanes(stream: SourceStream): void {
    for (const shard of readableShards(stream.shards, (logId) => this.#done(logId))) {
      if (this.#lanes.has(shard.logId)) continue;
      const { parallelization } = this.#mapping.settings;
      const place = { index: this.#mapping.positions[shard.logId] ?? 0, sub: 0 };
      const ahead = this.#mapping.lanes?.[shard.logId];
      const lanes = Array.from({ length: parallelization }, (_, number) => {
        const own = ahead?.length === parallelization ? { index: ahead[number]!, sub: 0 } : place;
        return new Lane(this.#laneOptions(stream, shard, number), own, this.#mapping.windows[shard.logId]);
      });
      this.#lanes.set(shard.logId, lanes);
      this.#track(this.#run(shard.logId, lanes));
    }
  }

  async #run(logId: number, lanes: readonly Lane[]): Promise<void> {
    await Promise.all(
      lanes.map((lane) =>
        lane.run().finally(() => {
          // Children may be read now.
          if (lane.isAtEnd) this.#wake.abort();
        }),
      ),
    );
    if (this.#stop.signal.aborted || lanes.every(({ isAtEnd }) => isAtEnd)) return;
    // Gone; should it be there again, it is read from where it is kept now.
    if (this.#isMoved) await this.#keep();
    this.#lanes.delete(logId);
  }

  #laneOptions(stream: SourceStream, shard: SourceShard, number: number): ConstructorParameters<typeof Lane>[0] {
    const { service, memory, counters } = this.#shared;
    const mapping = this.#mapping;
    return {
      ...{ service, memory, counters, mapping, streamArn: stream.arn, stop: this.#stop.signal },
      from: {
        ...{ log: service.log, shard, filter: this.#filter, hashKeys: shard.hashKeys },
        source: {
          shardId: shard.shardId,
          sourceArn: mapping.sourceArn,
          region: mapping.region,
          roleArn: roleOf(service, mapping),
        },
        lane: { number, of: mapping.settings.parallelization },
        oldestMs: () => service.world.clock.now() - this.#retentionMs,
      },
      endIndex: () => this.#shard(shard.logId)?.endIndex,
      // Asked for every batch: what is open in the log is there, unless the last look found that all of it is lost.
      isGone: () =>
        this.#isLost || (service.log.status(shard.logId)?.closed !== false && this.#shard(shard.logId) === undefined),
      moved: (result) => this.#moved(result),
    };
  }

  /** All records before this are done. */
  #done(logId: number): number {
    const lanes = this.#lanes.get(logId);
    if (lanes === undefined) return this.#mapping.positions[logId] ?? 0;
    return Math.min(...lanes.map(({ place }) => place.index));
  }

  #moved(result: string | undefined): void {
    const isSame = result === undefined || result === this.#result;
    if (result === lostStream && isSame) return;
    this.#result = result ?? this.#result;
    this.#isMoved = true;
    this.#keeping ??= this.#keepSoon().finally(() => {
      this.#keeping = undefined;
      // What has moved while the last look ended.
      if (this.#isMoved && !this.#stop.signal.aborted) this.#moved(undefined);
    });
  }

  async #keepSoon(): Promise<void> {
    while (this.#isMoved && !this.#stop.signal.aborted) {
      await pause(this.#shared.service.world.clock, keepMs, [this.#stop.signal]);
      await this.#keep();
    }
  }

  /** One change has all shards' positions, so that a child's never is kept without its parents' end. */
  async #keep(): Promise<void> {
    const { service } = this.#shared;
    this.#isMoved = false;
    const positions: Record<string, number> = {};
    const windows: Record<string, OpenWindow> = {};
    const laneIndices: Record<string, readonly number[]> = {};
    for (const [logId, lanes] of this.#lanes) {
      positions[logId] = this.#done(logId);
      const indices = lanes.map(({ place }) => place.index);
      if (indices.some((index) => index !== indices[0])) laneIndices[logId] = indices;
      const { window } = lanes[0]!;
      if (window !== undefined) windows[logId] = window;
    }
    try {
      const present = new Set(this.#stream()?.shards.map(({ logId }) => logId));
      const isGone = (logId: number): boolean => present.size > 0 && !present.has(logId);
      for (const logId of this.#lanes.keys()) if (isGone(logId)) this.#lanes.delete(logId);
      await service.change({
        type: 'MappingProgress',
        atMs: service.world.clock.now(),
        uuid: this.#mapping.uuid,
        positions,
        windows,
        lanes: laneIndices,
        // Positions of shards that the stream has forgotten need not be kept.
        gone: Object.keys(this.#mapping.positions).filter((logId) => isGone(Number(logId))),
        result: this.#result,
      });
    } catch (error) {
      this.#isMoved = true;
      service.report(`the positions of mapping ${this.#mapping.uuid} are not kept yet`, error);
      await pause(service.world.clock, lookAgainMs, [this.#stop.signal]);
    }
  }
}

/** Of the function; a declared one has none. */
function roleOf({ state }: Functions, { functionKey, functionArn, account, region }: Mapping): string {
  if (!state.functions.has(functionKey)) return `arn:${partitionOf(region)}:iam::${account}:role/none`;
  return storedFunction(state, functionKey, functionArn).configuration.role;
}
