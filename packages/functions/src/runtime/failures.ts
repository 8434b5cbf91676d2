import type { Invoked } from '../invoker.ts';

interface Failure {
  readonly payload: Buffer;
  readonly functionError: NonNullable<Invoked['functionError']>;
}

/** AWS's present runtimes mark every failure as Unhandled, also one that a callback was given. */
export function failure(payload: Buffer): Failure {
  return { payload, functionError: 'Unhandled' };
}

export function timedOut(requestId: string, limitMs: number): Failure {
  const errorMessage = `RequestId: ${requestId} Error: Task timed out after ${(limitMs / 1000).toFixed(2)} seconds`;
  return failure(Buffer.from(JSON.stringify({ errorType: 'Sandbox.Timedout', errorMessage })));
}

export function tooLargeAnswer(bytes: number, most: number): Failure {
  const errorMessage = `Response payload size (${bytes} bytes) exceeded maximum allowed payload size (${most} bytes).`;
  return failure(Buffer.from(JSON.stringify({ errorMessage, errorType: 'Function.ResponseSizeTooLarge' })));
}
