import type { Clock } from '@millrace/world';

/** Resolves after a while, or when `stop` fires. */
export function pause(clock: Clock, delayMs: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      timer.cancel();
      stop.removeEventListener('abort', finish);
      resolve();
    };
    const timer = clock.setTimer(delayMs, finish);
    stop.addEventListener('abort', finish);
    if (stop.aborted) finish();
  });
}
