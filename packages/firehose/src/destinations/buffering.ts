import type { BufferingHints } from '@millrace/model/firehose';
import type { Hints } from '../delivery/window.ts';
import { invalidArgument } from '../errors.ts';

/** Of S3 and HTTP endpoints. */
export const defaultHints: BufferingHints = { SizeInMBs: 5, IntervalInSeconds: 300 };

/** "If you specify a value for one of them, you must also provide a value for the other." */
export function checkHints<H extends BufferingHints>(hints: H | undefined): H | undefined {
  if (hints === undefined) return undefined;
  const { SizeInMBs: size, IntervalInSeconds: interval } = hints;
  if (size === undefined && interval === undefined) return undefined;
  if (size === undefined || interval === undefined)
    throw invalidArgument(
      'Either both or neither of SizeInMBs and IntervalInSeconds must be specified in BufferingHints.',
    );
  return hints;
}

/** Of a window that is sent record by record, or many in a request. */
export const mostSent = 100_000;
/** Of one that becomes files: they are held one by one until those are written. */
export const mostHeld = 1_000_000;

/** Hints with everything filled in, as delivery takes them. */
export function hintsFrom(
  { SizeInMBs: size, IntervalInSeconds: seconds }: BufferingHints,
  mostRecords = Infinity,
): Hints {
  return { bytes: size! << 20, intervalMs: seconds! * 1000, records: mostRecords };
}
