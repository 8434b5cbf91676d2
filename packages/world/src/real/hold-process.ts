/**
 * Keeps the process until it is released. The real clock's timers do not: without this a process whose last connection closes
 * while it waits on one would end in the middle of its stop.
 */
export function holdProcess(): { release(): void } {
  const timer = setInterval(() => undefined, 2 ** 31 - 1);
  return { release: () => clearInterval(timer) };
}
