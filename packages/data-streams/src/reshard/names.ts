import { couldNotFindShard } from '../errors.ts';
import { parseShardId } from '../shard-id.ts';

/** The number of a shard as a caller wrote it. AWS checks this before it looks for the stream (recorded). */
export function namedShard(given: string, streamName: string, account: string): number {
  const number = parseShardId(given);
  if (number === undefined) throw couldNotFindShard(given, { name: streamName, account });
  return number;
}
