import { randomBytes, randomUUID } from 'node:crypto';
import type { World } from '../world.ts';
import { realDisk } from './real-disk.ts';
import { realNetwork } from './real-network.ts';

/** The world of production: the machine's own clock, disk and network. */
export function realWorld(): World {
  return {
    clock: {
      now: () => Date.now(),
      monotonicMs: () => performance.now(),
      setTimer(delayMs, fire) {
        // Node fires at once, with a warning, beyond 2^31-1 ms; nothing here waits for 24 days.
        const timer = setTimeout(fire, Math.min(delayMs, 2 ** 31 - 1));
        timer.unref();
        return { cancel: () => clearTimeout(timer) };
      },
      defer: (run) => void setImmediate(run),
    },
    random: {
      bytes: (length) => randomBytes(length),
      uuid: () => randomUUID(),
      fraction: () => Math.random(),
    },
    disk: realDisk(),
    network: realNetwork(),
  };
}
