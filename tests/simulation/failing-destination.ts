import type { ObjectStore } from '@millrace/firehose';
import type { SimulatedWorld } from '@millrace/world';
import type { TestFirehose } from '../../packages/firehose/test/support.ts';

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

export interface Writing {
  /** The delivery stream. */
  readonly name: string;
  /** What was acknowledged. */
  readonly taken: Set<number>;
  number(): number;
  /** The record with a number. */
  textOf(number: number): string;
}

/** Puts until the server is gone. */
export async function writeNumbers(
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
