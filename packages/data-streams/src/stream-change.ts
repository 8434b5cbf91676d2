import type { DataStreams, RequestContext } from './service.ts';
import { notActive } from './errors.ts';
import { findStream, keyOf, streamAt } from './stream-lookup.ts';
import type { StreamReference } from './stream-lookup.ts';
import type { Stream, StreamsState } from './state.ts';

/** What every command that changes one stream carries. */
export interface StreamCommand {
  readonly atMs: number;
  /** When an asynchronous part of the change ends. */
  readonly dueMs: number;
  /** The stream's key. */
  readonly stream: string;
}

/** Counts the call, finds the stream and makes the common part of a command about it. */
export function beginStreamChange(
  service: DataStreams,
  operation: string,
  reference: StreamReference,
  context: RequestContext,
): { stream: Stream; command: StreamCommand } {
  service.limits.call(operation, context.account, context.region);
  const stream = findStream(service.state, reference, context);
  const atMs = service.world.clock.now();
  return { stream, command: { atMs, dueMs: atMs + service.settings.transitionMs, stream: keyOf(stream) } };
}

/** The stream inside a change, which must be ACTIVE. */
export function activeStream(state: StreamsState, key: string): Stream {
  const stream = streamAt(state, key);
  if (stream.status !== 'ACTIVE') throw notActive(stream);
  return stream;
}
