import { realWorld } from '../real/real-world.ts';
import type { Timer, World } from '../world.ts';

/** The real world with clocks that a test moves and holds. Timers fire with the real clock, or when time was moved past them. */
export interface MovableWorld extends World {
  /** Moves the wall clock alone, as an administrator does. */
  stepClock(ms: number): void;
  /** Stops both clocks: rates are then exact to a record. */
  hold(): void;
  /** Moves both clocks, and fires the timers that this makes due. */
  advance(ms: number): void;
}

export function movableWorld(base: World = realWorld()): MovableWorld {
  let wallMs = 0;
  let bothMs = 0;
  const timers = new Set<{ atMs: number; fire(): void }>();
  let held: { now: number; monotonicMs: number } | undefined;
  const monotonicMs = (): number => (held?.monotonicMs ?? base.clock.monotonicMs()) + bothMs;
  const setTimer = (delayMs: number, fire: () => void): Timer => {
    const timer = {
      atMs: monotonicMs() + delayMs,
      fire: () => {
        timers.delete(timer);
        real.cancel();
        fire();
      },
    };
    const real = base.clock.setTimer(delayMs, timer.fire);
    timers.add(timer);
    return {
      cancel: () => {
        timers.delete(timer);
        real.cancel();
      },
    };
  };
  return {
    ...base,
    clock: {
      ...base.clock,
      now: () => (held?.now ?? base.clock.now()) + wallMs + bothMs,
      monotonicMs,
      setTimer,
    },
    stepClock: (ms) => void (wallMs += ms),
    hold: () => void (held = { now: base.clock.now(), monotonicMs: Math.floor(base.clock.monotonicMs()) }),
    advance: (ms) => {
      bothMs += ms;
      for (const timer of timers) if (timer.atMs <= monotonicMs()) timer.fire();
    },
  };
}
