import type { Handler } from '../handler.ts';
import type { AccountSettings } from '../state.ts';

/** The account's billing commitment in this region; DISABLED where nothing was ever set. */
export const describeAccountSettings: Handler<'DescribeAccountSettings'> = (service, _input, { account, region }) => {
  service.limits.call('DescribeAccountSettings', account, region);
  return { MinimumThroughputBillingCommitment: describeCommitment(service.state.accounts.get(`${account}:${region}`)) };
};

export function describeCommitment(settings: AccountSettings | undefined): {
  Status: 'ENABLED' | 'DISABLED';
  StartedAt?: number;
  EndedAt?: number;
  EarliestAllowedEndAt?: number;
} {
  const { status, startedMs, endedMs, earliestEndMs } = settings?.billingCommitment ?? { status: 'DISABLED' as const };
  return {
    Status: status,
    ...(startedMs !== undefined && { StartedAt: startedMs }),
    ...(endedMs !== undefined && { EndedAt: endedMs }),
    ...(earliestEndMs !== undefined && { EarliestAllowedEndAt: earliestEndMs }),
  };
}
