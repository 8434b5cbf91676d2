import { AwsError } from '@millrace/model';
import { pause } from '@millrace/world';
import type { World } from '@millrace/world';
import type { FailedRecord } from '../../delivery/failed-record.ts';
import type { DeliveryStreamMetrics } from '../../metrics/delivery-stream-metrics.ts';
import type { DeliveryStream } from '../../state.ts';
import { failedPart } from '../processed-record.ts';
import type { RecordPart } from '../processed-record.ts';
import { ProcessingError } from '../processing-error.ts';
import { functionResults } from './function-answer.ts';
import type { FunctionResults } from './function-answer.ts';
import type { FunctionBatch } from './function-batch.ts';
import type { FunctionAnswer, FunctionInvoker } from './function-invoker.ts';
import type { LambdaSettings } from './lambda-settings.ts';

export interface TransformContext {
  readonly world: Pick<World, 'clock' | 'random'>;
  readonly functions: FunctionInvoker;
  readonly stream: Pick<DeliveryStream, 'arn' | 'account' | 'region' | 'source'>;
  readonly settings: LambdaSettings;
  readonly metrics: Pick<DeliveryStreamMetrics, 'count' | 'observe'>;
  /** Fires when nobody waits for the records any more: nothing has failed then. */
  readonly signal: AbortSignal;
  report(message: string, error: unknown): void;
}

export interface Transformed {
  readonly parts: readonly RecordPart[];
  readonly failed: readonly FailedRecord[];
}

/** "Firehose supports a Lambda invocation time of up to 5 minutes." */
const timeoutMs = 300_000;
const firstPauseMs = 1000;
const longestPauseMs = 30_000;

/** Codes of Firehose's for Lambda's own, as its guide lists them. */
const codes: Readonly<Record<string, readonly [code: string, message: string]>> = {
  ResourceNotFoundException: [
    'Lambda.ResourceNotFound',
    'The specified Lambda function does not exist. Use a different function that does exist.',
  ],
  TooManyRequestsException: [
    'Lambda.InvokeLimitExceeded',
    'The Lambda concurrent execution limit is exceeded. Increase the concurrent execution limit.',
  ],
};
const accessDenied = new ProcessingError(
  'Lambda.InvokeAccessDenied',
  'Access was denied. Ensure that the access policy allows access to the Lambda function.',
);
const functionError = new ProcessingError(
  'Lambda.FunctionError',
  'The Lambda function was successfully invoked but it returned an error result.',
);
const timedOut = new ProcessingError(
  'Lambda.FunctionTimedOut',
  'The Lambda function timed out before returning. A function has 5 minutes for a batch of records.',
);

/**
 * Has a function transform a batch. A call that fails is made again as often as the settings say, with an invocation id of its own
 * and the same record ids; what a function answered stands, however wrong. Rejects only when `signal` fires.
 */
export async function transform(batch: FunctionBatch, context: TransformContext): Promise<Transformed> {
  const { settings, signal, world } = context;
  for (let attempts = 1; ; attempts += 1) {
    try {
      const transformed = sorted(batch, await called(batch, context), { attempts, lambdaArn: settings.arn });
      context.metrics.count('SucceedProcessing.Records', transformed.succeeded.records);
      context.metrics.count('SucceedProcessing.Bytes', transformed.succeeded.bytes);
      return transformed;
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error;
      context.report(`the function ${settings.arn} failed for ${context.stream.arn}`, error.reason);
      if (attempts > settings.retries) return allFailed(batch, error.reason, { attempts, lambdaArn: settings.arn });
    }
    const most = Math.min(longestPauseMs, firstPauseMs * 2 ** (attempts - 1));
    await pause(world.clock, most * (0.5 + world.random.fraction() / 2), [signal]);
    if (signal.aborted) throw new Error('delivery stops');
  }
}

/** A call that may be made again. */
class CallFailed extends Error {
  readonly reason: ProcessingError;

  constructor(reason: ProcessingError) {
    super(reason.message);
    this.reason = reason;
  }
}

/** What the function says. */
async function called(batch: FunctionBatch, context: TransformContext): Promise<FunctionResults> {
  const { world, metrics } = context;
  const begunMs = world.clock.monotonicMs();
  let isAnswered = false;
  try {
    const answer = await answered(batch, context);
    isAnswered = !answer.isError;
    if (!isAnswered) throw new CallFailed(functionError);
    return resultsOf(answer);
  } finally {
    metrics.observe('ExecuteProcessing.Duration', world.clock.monotonicMs() - begunMs);
    metrics.observe('ExecuteProcessing.Success', isAnswered ? 1 : 0);
  }
}

/** What is wrong as a whole is each record's. */
function resultsOf(answer: FunctionAnswer): FunctionResults {
  try {
    return functionResults(answer.payload);
  } catch (error) {
    if (!(error instanceof ProcessingError)) throw error;
    return { of: () => error };
  }
}

async function answered(
  batch: FunctionBatch,
  { world, functions, stream, settings, signal }: TransformContext,
): Promise<FunctionAnswer> {
  const { account, region, arn: deliveryStreamArn, source } = stream;
  // No role is assumed: nobody may have run what is another account's.
  if (settings.arn.split(':')[4] !== account) throw new CallFailed(accessDenied);
  const invocationId = world.random.uuid();
  const payload = batch.event({ invocationId, deliveryStreamArn, sourceKinesisStreamArn: source?.arn, region });
  const call = functions.invoke({ arn: settings.arn, account, region, requestId: invocationId, payload });
  try {
    return await inTime(call, { world, signal });
  } catch (error) {
    // What ends while the server stops has not failed.
    if (signal.aborted) throw new Error('delivery stops', { cause: error });
    if (!(error instanceof AwsError)) throw error;
    const [code, message] = codes[error.code] ?? [`Lambda.${error.code}`, error.message];
    throw new CallFailed(new ProcessingError(code, message, { cause: error }));
  }
}

/** A call that takes too long goes on, and nobody hears of it any more. */
function inTime(
  call: Promise<FunctionAnswer>,
  { world, signal }: Pick<TransformContext, 'world' | 'signal'>,
): Promise<FunctionAnswer> {
  return new Promise((resolve, reject) => {
    const timer = world.clock.setTimer(timeoutMs, () => reject(new CallFailed(timedOut)));
    const stop = (): void => reject(new Error('delivery stops'));
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
    void call.then(resolve, reject).finally(() => {
      timer.cancel();
      signal.removeEventListener('abort', stop);
    });
  });
}

function sorted(
  batch: FunctionBatch,
  results: FunctionResults,
  by: { readonly attempts: number; readonly lambdaArn: string },
): Transformed & { readonly succeeded: { readonly records: number; readonly bytes: number } } {
  const parts: RecordPart[] = [];
  const failed: FailedRecord[] = [];
  let bytes = 0;
  for (const part of batch.parts) {
    const result = results.of(batch.idOf(part));
    if (result instanceof ProcessingError) failed.push(failedPart(part, result, by));
    if (result instanceof ProcessingError || result === 'dropped') continue;
    // As it came in: what AWS counts too.
    bytes += part.data.length;
    const { data, keys } = result;
    parts.push({ ...part, data, ...(keys !== undefined && { keys }) });
  }
  return { parts, failed, succeeded: { records: parts.length, bytes } };
}

function allFailed(
  batch: FunctionBatch,
  reason: ProcessingError,
  by: { readonly attempts: number; readonly lambdaArn: string },
): Transformed {
  return sorted(batch, { of: () => reason }, by);
}
