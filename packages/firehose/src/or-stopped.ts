/** The answer; undefined when `stop` fires first: what was asked of somebody who hangs is not waited for any more then. */
export async function orStopped<Answer>(asked: Promise<Answer>, stop: AbortSignal): Promise<Answer | undefined> {
  // Nobody hears of it any more, perhaps.
  asked.catch(() => undefined);
  const stopped = Promise.withResolvers<undefined>();
  const onStop = (): void => stopped.resolve(undefined);
  stop.addEventListener('abort', onStop, { once: true });
  if (stop.aborted) onStop();
  try {
    return await Promise.race([asked, stopped.promise]);
  } finally {
    stop.removeEventListener('abort', onStop);
  }
}
