import type { Clock } from '@millrace/world';
import type { ShardLog } from './shard-log.ts';

/**
 * Resolves at a record at one of the places, after `delayMs` (Infinity: never), or when `stop` fires. A closed shard wakes at once:
 * whoever waits for what only the registry knows of one leaves it out.
 */
export function recordOrTime(
  { clock, log }: { readonly clock: Clock; readonly log: Pick<ShardLog, 'wait'> },
  places: readonly { readonly logId: number; readonly index: number }[],
  delayMs: number,
  stop: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    const waits: { cancel(): void }[] = [];
    const finish = (): void => {
      for (const wait of waits) wait.cancel();
      stop.removeEventListener('abort', finish);
      resolve();
    };
    if (delayMs !== Infinity) waits.push(clock.setTimer(Math.max(0, delayMs), finish));
    stop.addEventListener('abort', finish);
    for (const { logId, index } of places) waits.push(log.wait(logId, index, finish));
    if (stop.aborted) finish();
  });
}
