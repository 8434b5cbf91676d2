import type { ObjectStore } from '@millrace/firehose';
import type { SimulatedWorld } from '@millrace/world';
import type { TestFirehose } from '../../packages/firehose/test/support.ts';
import { settle } from './settle.ts';

/** As the server's sender does with what hangs. */
export function unanswered(world: SimulatedWorld, timeoutMs: number, signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const timer = world.clock.setTimer(timeoutMs, () => reject(new Error('a timeout')));
    signal.addEventListener('abort', () => {
      timer.cancel();
      reject(new Error('nobody waits'));
    });
  });
}

/** A bucket that refuses, and that takes without saying so. */
export function failingBucket(world: SimulatedWorld, objects: Map<string, string>): ObjectStore {
  return {
    async put({ key, body }) {
      await pass(world, world.draw(30));
      const fate = world.draw(6);
      if (fate === 0) throw new Error('503 Slow Down');
      objects.set(key, Buffer.concat(body).toString());
      if (fate === 1) throw new Error('the answer was lost');
    },
  };
}

interface Writing {
  /** The delivery stream. */
  readonly name: string;
  /** What was acknowledged. */
  readonly taken: Set<number>;
  number(): number;
  /** The record with a number. */
  textOf(number: number): string;
}

/** Puts until the server is gone. */
async function writeNumbers(
  firehose: TestFirehose,
  world: SimulatedWorld,
  { name, taken, number, textOf }: Writing,
): Promise<void> {
  for (;;) {
    const numbers = Array.from({ length: 1 + world.draw(4) }, number);
    const Records = numbers.map((n) => ({ Data: Buffer.from(textOf(n)).toString('base64') }));
    try {
      await firehose.call('PutRecordBatch', { DeliveryStreamName: name, Records });
      for (const n of numbers) taken.add(n);
    } catch {
      return;
    }
    await pass(world, world.draw(1000));
  }
}

export function pass(world: SimulatedWorld, forMs: number): Promise<void> {
  return new Promise((resolve) => world.clock.setTimer(forMs, resolve));
}

/** `patient` tries for hours: nothing but what is wrong may fail. */
export const names = ['patient', 'hasty'] as const;
export type Name = (typeof names)[number];

/** What a server's lives are led among. */
export interface Surroundings {
  readonly acknowledged: Readonly<Record<Name, Set<number>>>;
  /** Whether the destination is away. */
  isDown: boolean;
  missing(name: Name): readonly number[];
}

export interface Lives {
  open(): Promise<TestFirehose>;
  /** What CreateDeliveryStream is told of a destination. */
  destinationOf(name: Name): object;
  textOf(number: number): string;
  /** Called when the server is open again after a crash. */
  onOpenAgain?(): void;
}

/**
 * Four lives, each ended by a crash, in which records are put; and then time enough for everything to arrive, what is on its way
 * late too. Answers the server, running.
 */
export async function leadLives(world: SimulatedWorld, parts: Surroundings, lives: Lives): Promise<TestFirehose> {
  let firehose = await lives.open();
  for (const name of names) {
    await settle(
      world,
      firehose.call('CreateDeliveryStream', { DeliveryStreamName: name, ...lives.destinationOf(name) }),
    );
    await settle(world, firehose.untilActive(name));
  }
  let next = 0;
  for (let life = 0; life < 4; life += 1) {
    for (const name of names) {
      const taken = parts.acknowledged[name];
      void writeNumbers(firehose, world, { name, taken, number: () => next++, textOf: (n) => lives.textOf(n) });
    }
    await world.run({ forMs: 200 + world.draw(3000) });
    parts.isDown = world.draw(3) === 0;
    world.stepClock(world.draw(10_000) - 5000);
    await world.run({ forMs: 200 + world.draw(6000) });
    world.crash();
    firehose = await lives.open();
    lives.onOpenAgain?.();
  }
  parts.isDown = false;
  for (let times = 0; times < 400 && names.some((name) => parts.missing(name).length > 0); times += 1)
    await world.run({ forMs: 10_000 });
  await world.run({ forMs: 30_000 });
  return firehose;
}
