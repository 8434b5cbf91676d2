import { setTimeout as sleep } from 'node:timers/promises';

/** Resolves when the condition holds; rejects when it does not within the time. */
export async function until(condition: () => boolean | Promise<boolean>, timeoutMs = 30_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error('gave up waiting');
    await sleep(50);
  }
}
