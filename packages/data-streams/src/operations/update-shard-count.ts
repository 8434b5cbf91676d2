import type { Handler } from '../handler.ts';
import type { ReshardOutcome } from '../reshard/begin.ts';
import { shardQuota } from '../service.ts';
import { beginStreamChange } from '../stream-change.ts';

/** Takes the stream to `TargetShardCount` even shards by splits and merges: at most double, at least half, ten times a day. */
export const updateShardCount: Handler<'UpdateShardCount'> = async (service, input, context) => {
  const { stream, command } = beginStreamChange(service, 'UpdateShardCount', input, context);
  const limited = service.settings.limits === 'aws';
  const { currentShardCount } = await service.change<ReshardOutcome>({
    ...command,
    type: 'BeginReshard',
    wish: { kind: 'even', target: input.TargetShardCount, limited },
    shardQuota: shardQuota(service.settings),
  });
  return {
    StreamName: stream.name,
    StreamARN: stream.arn,
    CurrentShardCount: currentShardCount,
    TargetShardCount: input.TargetShardCount,
  };
};
