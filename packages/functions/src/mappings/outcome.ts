import type { Invoked } from '../invoker.ts';

/** What came of a batch: all of it is done, or all before one of its records. */
export type Outcome =
  | { readonly type: 'done'; readonly answer: unknown }
  /** `at` is the place in the batch of the first record that is not done; 0 where nothing is. */
  | { readonly type: 'failed'; readonly at: number; readonly functionError: Invoked['functionError'] };

/**
 * Reads an answer. Where the function reports single records, an answer without any is a success (an empty text, null, an empty
 * object, or an empty or absent batchItemFailures), and one that names something else than a record of the batch fails all of
 * it: so AWS has it (recorded). One that is no JSON fails all of it too (AWS's guide to partial responses): an endpoint that
 * answers with a page has processed nothing.
 */
export function outcomeOf(
  { payload, functionError }: Invoked,
  { sequenceNumbers, reportsItems }: { sequenceNumbers: readonly string[]; reportsItems: boolean },
): Outcome {
  if (functionError !== undefined) return { type: 'failed', at: 0, functionError };
  const answer = parsed(payload);
  if (reportsItems && answer === undefined && payload.length > 0)
    return { type: 'failed', at: 0, functionError: undefined };
  if (!reportsItems || typeof answer !== 'object' || answer === null) return { type: 'done', answer };
  const { batchItemFailures: failures } = answer as { batchItemFailures?: unknown };
  if (failures === undefined || failures === null) return { type: 'done', answer };
  if (!Array.isArray(failures)) return { type: 'failed', at: 0, functionError: undefined };
  let first = Infinity;
  for (const failure of failures as unknown[]) {
    const identifier = (failure as { itemIdentifier?: unknown } | null)?.itemIdentifier;
    const at = typeof identifier === 'string' ? sequenceNumbers.indexOf(identifier) : -1;
    first = Math.min(first, at === -1 ? 0 : at);
  }
  return first === Infinity ? { type: 'done', answer } : { type: 'failed', at: first, functionError: undefined };
}

function parsed(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString());
  } catch {
    return undefined;
  }
}
