import type { Handler } from '../handler.ts';
import { namedShard } from '../reshard/names.ts';
import { referencedKey } from '../stream-lookup.ts';
import { shardQuota } from '../service.ts';
import { beginStreamChange } from '../stream-change.ts';

/** Splits an open shard in two at a hash key. The parent stays readable until its records expire. */
export const splitShard: Handler<'SplitShard'> = async (service, input, context) => {
  const { name, account } = referencedKey(service.state, input, context);
  const shard = namedShard(input.ShardToSplit, name, account);
  const { command } = beginStreamChange(service, 'SplitShard', input, context);
  await service.change({
    ...command,
    type: 'BeginReshard',
    wish: { kind: 'split', shard, newStartingHash: input.NewStartingHashKey },
    shardQuota: shardQuota(service.settings),
  });
  return {};
};
