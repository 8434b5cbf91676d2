import { AwsError } from './aws-error.ts';

/** What a change of the registry came to. A refusal travels as a value: the registry's machines must not throw. */
export type Outcome<Result = unknown> =
  | { readonly result: Result }
  | { readonly refused: Pick<AwsError, 'code' | 'message' | 'status' | 'members'> };

/** Runs what decides; an AwsError that it throws is a refusal, anything else a fault of ours and thrown on. */
export function outcomeOf<Result>(decide: () => Result): Outcome<Result> {
  try {
    return { result: decide() };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const { code, message, status, members } = error;
    return { refused: { code, message, status, members } };
  }
}

/** The result; throws the AwsError with which it was refused. */
export function resultOf<Result>(outcome: Outcome<Result>): Result {
  if ('result' in outcome) return outcome.result;
  const { code, message, status, members } = outcome.refused;
  throw new AwsError(code, message, status, { members });
}
