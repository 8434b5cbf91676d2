import type { Change } from '../change.ts';
import { encodeSequenceNumber } from '../sequence-number.ts';
import { openShard } from '../shards.ts';
import type { DataStreams } from '../service.ts';
import type { ReshardStep, Shard, Stream } from '../state.ts';
import { keyOf, streamAt } from '../stream-lookup.ts';

export interface CompleteReshardStepCommand {
  readonly type: 'CompleteReshardStep';
  readonly atMs: number;
  readonly stream: string;
  /** The final index of each parent's log. */
  readonly parents: readonly { readonly shard: number; readonly endIndex: number }[];
}

/**
 * One split or merge in one change: parents closed, children open. Their creation second is later than their parents', so
 * every number of a child is above every number of its parents.
 */
export const completeStepChange: Change<CompleteReshardStepCommand> = {
  type: 'CompleteReshardStep',
  apply(state, { stream: key, parents, atMs }) {
    const stream = streamAt(state, key);
    const { pending } = stream;
    if (pending?.type !== 'reshard') return;
    const [step, ...steps] = pending.steps;
    if (step === undefined || parents.some(({ shard }) => stream.shards.get(shard)?.closed !== undefined)) return;
    const closing = parents.map(({ shard }) => stream.shards.get(shard)!);
    const createdSecond = Math.max(Math.floor(atMs / 1000), ...closing.map((parent) => parent.createdSecond + 1));
    for (const { shard, endIndex } of parents) close(stream.shards.get(shard)!, endIndex, atMs);
    const [first, second] = closing as [Shard, Shard | undefined];
    const child = { createdSecond, parent: first.number, adjacentParent: second?.number };
    if (step.type === 'split') {
      openShard(state, stream, { ...child, startHash: first.startHash, endHash: step.newStartingHash - 1n });
      openShard(state, stream, { ...child, startHash: step.newStartingHash, endHash: first.endHash });
    } else openShard(state, stream, { ...child, startHash: first.startHash, endHash: second!.endHash });
    stream.pending = steps.length > 0 ? { ...pending, steps } : undefined;
    if (steps.length === 0) stream.status = 'ACTIVE';
  },
};

function close(shard: Shard, endIndex: number, atMs: number): void {
  const { createdSecond, number: shardNumber } = shard;
  const arrivalSecond = Math.max(Math.floor(atMs / 1000), createdSecond);
  const endingSequenceNumber = encodeSequenceNumber({ createdSecond, place: Infinity, arrivalSecond, shardNumber });
  shard.closed = { atMs, endIndex, endingSequenceNumber };
}

/**
 * Takes the next step of a reshard. Closing the parents' logs is not durable by itself, the change is: a crash between them
 * leaves the shards open and the step to do. Puts that meet a closed log wait for the change and go to the children.
 */
export async function completeReshardStep(service: DataStreams, stream: Stream): Promise<void> {
  const { pending } = stream;
  if (pending?.type !== 'reshard') return;
  const step = pending.steps[0]!;
  const parents = [];
  for (const number of parentsOf(step)) {
    parents.push({ shard: number, endIndex: await service.log.close(stream.shards.get(number)!.logId) });
  }
  await service.change({
    type: 'CompleteReshardStep',
    atMs: service.world.clock.now(),
    stream: keyOf(stream),
    parents,
  });
}

function parentsOf(step: ReshardStep): number[] {
  return step.type === 'split' ? [step.shard] : [step.shard, step.adjacent];
}
