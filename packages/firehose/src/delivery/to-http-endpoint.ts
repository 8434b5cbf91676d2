import { gzipSync } from 'node:zlib';
import type { HttpDestination } from '../destinations/http-endpoint.ts';
import type { Firehose } from '../service.ts';
import type { FailedRecord } from './error-record.ts';
import { checkAnswer, HttpEndpointError, requestOf } from './http-request.ts';

/** What stays the same through the tries of a batch. */
export interface HttpProgress {
  readonly requestId: string;
  /** Monotonic, of the first try. */
  readonly begunMs: number;
  tries: number;
}

export interface HttpBatchRecord {
  readonly data: Buffer;
  readonly arrivalMs: number;
}

/**
 * Tries once to deliver the records to an HTTP endpoint. Resolves with nothing where it took them, with the failed records when
 * their retry time is over or the endpoint will never take them, and rejects when they are to be tried again.
 */
export async function toHttpEndpoint(
  { world, http }: Pick<Firehose, 'world' | 'http'>,
  destination: HttpDestination,
  progress: HttpProgress,
  batch: {
    readonly deliveryStreamArn: string;
    readonly records: readonly HttpBatchRecord[];
    readonly signal: AbortSignal;
  },
): Promise<readonly FailedRecord[]> {
  progress.tries += 1;
  const { requestId, begunMs } = progress;
  try {
    const request = requestOf(
      destination,
      {
        requestId,
        deliveryStreamArn: batch.deliveryStreamArn,
        timestampMs: world.clock.now(),
        records: batch.records.map(({ data }) => data),
      },
      gzipSync,
    );
    checkAnswer(await http.post({ ...request, signal: batch.signal }), requestId);
    return [];
  } catch (error) {
    const failure =
      error instanceof HttpEndpointError
        ? error
        : new HttpEndpointError('HttpEndpoint.NetworkFailure', (error as Error).message);
    const retryMs = (destination.http.RetryOptions?.DurationInSeconds ?? 0) * 1000;
    // A delivery that is stopped is no failure of the endpoint: it goes on after the next start.
    if (batch.signal.aborted || (!failure.isFinal && world.clock.monotonicMs() - begunMs < retryMs)) throw failure;
    const { code, message } = failure;
    return batch.records.map((record) => ({ ...record, code, message, attempts: progress.tries }));
  }
}
