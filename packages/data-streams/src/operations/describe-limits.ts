import type { Handler } from '../handler.ts';
import { accountShardCount } from '../shards.ts';

/** Shard and on-demand stream quotas of the account in this region, and how much of them is used. */
export const describeLimits: Handler<'DescribeLimits'> = (service, _input, { account, region }) => {
  service.limits.call('DescribeLimits', account, region);
  let onDemand = 0;
  for (const stream of service.state.streams.values()) {
    if (stream.account === account && stream.region === region && stream.mode === 'ON_DEMAND') onDemand += 1;
  }
  return {
    ShardLimit: service.settings.shardQuota,
    OpenShardCount: accountShardCount(service.state, account, region, 'PROVISIONED'),
    OnDemandStreamCount: onDemand,
    OnDemandStreamCountLimit: 50,
  };
};
