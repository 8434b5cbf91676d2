import type { Handler } from '../handler.ts';
import { namedShard } from '../reshard/names.ts';
import { referencedKey } from '../stream-lookup.ts';
import { beginStreamChange } from '../stream-change.ts';

/** Merges two open shards whose ranges touch. The parents stay readable until their records expire. */
export const mergeShards: Handler<'MergeShards'> = async (service, input, context) => {
  const { name, account } = referencedKey(service.state, input, context);
  const shard = namedShard(input.ShardToMerge, name, account);
  const adjacent = namedShard(input.AdjacentShardToMerge, name, account);
  const { command } = beginStreamChange(service, 'MergeShards', input, context);
  await service.change({
    ...command,
    type: 'BeginReshard',
    wish: { kind: 'merge', shard, adjacent },
    shardQuota: undefined,
  });
  return {};
};
