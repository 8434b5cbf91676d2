import type { Clock, Random, World } from '../world.ts';
import { SimulatedDisk } from './simulated-disk.ts';

/**
 * A world that a seed decides: virtual time, seeded randomness, a disk that forgets what was not synced. Everything that takes
 * time completes as an event; events of one moment come in an order drawn from the seed.
 */
export interface SimulatedWorld extends World {
  readonly disk: SimulatedDisk;
  /** Runs events until there are none, or `stop` says so after one, or the virtual time is up. */
  run(options?: { forMs?: number; stop?: () => boolean }): Promise<void>;
  /**
   * Power cut: unsynced bytes and names are lost, torn or kept by chance, and nothing that was under way ever completes. The
   * world goes on for a program started anew.
   */
  crash(): void;
  /** Moves the wall clock alone, in either direction. */
  stepClock(ms: number): void;
  /** A draw of the seed for the test's own choices: 0 to n - 1. */
  draw(n: number): number;
}

interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly generation: number;
  fire(): void;
}

const startMs = 1_700_000_000_000;

export function simulatedWorld(seed: number): SimulatedWorld {
  const next = generator(seed);
  const draw = (n: number): number => Math.floor(next() * n);
  let events: Event[] = [];
  let nowMs = 0;
  let skewMs = 0;
  let generation = 0;
  const at = (delayMs: number, fire: () => void): Event => {
    const event = { atMs: nowMs + Math.max(0, delayMs), order: next(), generation, fire };
    events.push(event);
    return event;
  };
  const clock: Clock = {
    now: () => startMs + Math.floor(nowMs) + skewMs,
    monotonicMs: () => nowMs,
    setTimer(delayMs, fire) {
      const event = at(delayMs, fire);
      return { cancel: () => void (events = events.filter((other) => other !== event)) };
    },
    defer: (run) => void at(0, run),
  };
  const random: Random = {
    bytes: (length) => Buffer.from(Array.from({ length }, () => draw(256))),
    uuid: () => `00000000-0000-4000-8000-${String(draw(1e12)).padStart(12, '0')}`,
    fraction: next,
  };
  // An operation of a program that has crashed since never completes.
  const delayed = (extraMs = 0): Promise<void> => new Promise((resolve) => void at(next() * 3 + extraMs, resolve));
  const disk = new SimulatedDisk({ draw, delayed, now: () => clock.now(), generation: () => generation });
  return {
    clock,
    random,
    disk,
    network: { listen: () => Promise.reject(new Error('this simulation has no network')) },
    draw,
    stepClock: (ms) => void (skewMs += ms),
    crash() {
      generation += 1;
      events = [];
      disk.crash();
    },
    async run({ forMs = Infinity, stop = () => false } = {}) {
      const endMs = nowMs + forMs;
      for (;;) {
        // Everything that is ready runs before time goes on.
        await new Promise<void>((resolve) => setImmediate(resolve));
        if (stop()) return;
        const event = earliest(events);
        if (event === undefined || event.atMs > endMs) {
          if (endMs !== Infinity) nowMs = endMs;
          return;
        }
        events = events.filter((other) => other !== event);
        nowMs = Math.max(nowMs, event.atMs);
        if (event.generation === generation) event.fire();
      }
    },
  };
}

function earliest(events: readonly Event[]): Event | undefined {
  let first: Event | undefined;
  for (const event of events) {
    if (first === undefined || event.atMs < first.atMs || (event.atMs === first.atMs && event.order < first.order))
      first = event;
  }
  return first;
}

/** mulberry32: small, and good enough to draw faults. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
