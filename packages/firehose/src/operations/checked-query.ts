import { kindOf } from '../destinations/kinds.ts';
import type { Destination } from '../destinations/kinds.ts';
import { invalidArgument } from '../errors.ts';
import type { Firehose } from '../service.ts';
import { stepsOf } from '../processing/steps.ts';

/** Throws InvalidArgumentException where the destination has a query that jq does not understand. */
export async function checkQuery({ queries }: Firehose, destination: Destination): Promise<void> {
  const { query } = stepsOf(kindOf(destination).processing?.(destination), { isPartitioned: true });
  const failure = query === undefined ? undefined : await queries.check(query);
  if (failure !== undefined) throw invalidArgument(`MetadataExtractionQuery cannot be run: ${failure}`);
}
