import type { Batch } from './gathering.ts';
import type { MappingSettings, OpenWindow } from './mapping.ts';

/** Where the tumbling window of an arrival begins; undefined without windows. */
export function windowStart(arrivalMs: number, tumblingSeconds: number): number | undefined {
  const lengthMs = tumblingSeconds * 1000;
  return lengthMs === 0 ? undefined : Math.floor(arrivalMs / lengthMs) * lengthMs;
}

function time(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z');
}

/** What an event of a tumbling window has beside its records. */
export function windowMembers(
  { windowMs, isFinal }: Batch,
  { tumblingSeconds }: MappingSettings,
  of: { window: OpenWindow | undefined; shardId: string; sourceArn: string },
): object {
  if (windowMs === undefined) return {};
  return {
    window: { start: time(windowMs), end: time(windowMs + tumblingSeconds * 1000) },
    state: of.window?.state ?? {},
    shardId: of.shardId,
    eventSourceARN: of.sourceArn,
    isFinalInvokeForWindow: isFinal,
    isWindowTerminatedEarly: false,
  };
}

const mostStateBytes = 1 << 20;

/** The window after a batch that is done. A state beyond AWS's 1 MB is left out, as an answer without one is. */
export function windowAfter({ windowMs, isFinal }: Batch, answer: unknown): OpenWindow | undefined {
  if (windowMs === undefined || isFinal) return undefined;
  const state = (answer as { state?: unknown } | null | undefined)?.state ?? {};
  const isTooLarge = Buffer.byteLength(JSON.stringify(state)) > mostStateBytes;
  return { startMs: windowMs, state: isTooLarge ? {} : state };
}
