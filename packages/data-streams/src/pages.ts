import { AwsError } from '@millrace/model';
import { invalidArgument } from './errors.ts';

const validMs = 300_000;

/** An opaque token for the next page: what the list is of, and the last name that was shown. */
export function nextToken(scope: string, after: string, nowMs: number): string {
  return Buffer.from(JSON.stringify([scope, after, nowMs])).toString('base64url');
}

/** Reads a token back. Throws ExpiredNextTokenException after 300 s, InvalidArgumentException for any other text. */
export function openToken(token: string, nowMs: number): { scope: string; after: string } {
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(token, 'base64url').toString());
  } catch (error) {
    throw new AwsError('InvalidArgumentException', 'NextToken is invalid.', 400, { cause: error });
  }
  if (
    !Array.isArray(parts) ||
    typeof parts[0] !== 'string' ||
    typeof parts[1] !== 'string' ||
    typeof parts[2] !== 'number'
  ) {
    throw invalidArgument('NextToken is invalid.');
  }
  if (nowMs - parts[2] > validMs) {
    throw new AwsError('ExpiredNextTokenException', 'The pagination token passed to the operation is expired.');
  }
  return { scope: parts[0], after: parts[1] };
}
