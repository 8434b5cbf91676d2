import type { DataStreams } from './service.ts';

const everyMs = 60_000;

/** Work that goes on in the background until it is stopped; `stop` resolves when none of it is under way. */
export interface Background {
  stop(): Promise<void>;
}

/** Runs `work` again and again, a minute after it has ended. What fails is reported, and tried again a minute later. */
export function everyMinute(
  service: DataStreams,
  work: () => Promise<void>,
  report: (error: unknown) => void,
): Background {
  let timer: { cancel(): void };
  let stopped = false;
  let running = Promise.resolve();
  const schedule = (): void => {
    timer = service.world.clock.setTimer(everyMs, () => {
      running = work()
        .catch(report)
        .then(() => (stopped ? undefined : schedule()));
    });
  };
  schedule();
  return {
    stop() {
      stopped = true;
      timer.cancel();
      return running;
    },
  };
}
