import type { Change } from '../change.ts';
import { dayMs } from '../encryption.ts';
import { invalidArgument } from '../errors.ts';
import type { Handler } from '../handler.ts';
import type { AccountSettings } from '../state.ts';
import { describeCommitment } from './describe-account-settings.ts';

export interface UpdateAccountSettingsCommand {
  readonly type: 'UpdateAccountSettings';
  readonly atMs: number;
  readonly account: string;
  readonly region: string;
  readonly status: 'ENABLED' | 'DISABLED';
}

/** On-demand Advantage: enabled for at least 24 hours. */
export const updateAccountSettings: Handler<'UpdateAccountSettings'> = async (service, input, { account, region }) => {
  service.limits.call('UpdateAccountSettings', account, region);
  const settings = await service.change<AccountSettings>({
    type: 'UpdateAccountSettings',
    atMs: service.world.clock.now(),
    account,
    region,
    status: input.MinimumThroughputBillingCommitment.Status,
  });
  return { MinimumThroughputBillingCommitment: describeCommitment(settings) };
};

export const updateAccountSettingsChange: Change<UpdateAccountSettingsCommand, AccountSettings> = {
  type: 'UpdateAccountSettings',
  apply(state, { account, region, status, atMs }) {
    const key = `${account}:${region}`;
    const present = state.accounts.get(key)?.billingCommitment;
    if (status === 'DISABLED' && present?.status === 'ENABLED' && atMs < (present.earliestEndMs ?? 0)) {
      throw invalidArgument(
        'The minimum throughput billing commitment cannot be disabled before its earliest allowed end.',
      );
    }
    const settings: AccountSettings = {
      billingCommitment:
        status === 'ENABLED'
          ? {
              status,
              startedMs: present?.status === 'ENABLED' ? present.startedMs : atMs,
              earliestEndMs: present?.status === 'ENABLED' ? present.earliestEndMs : atMs + dayMs,
              endedMs: undefined,
            }
          : {
              status,
              startedMs: present?.startedMs,
              earliestEndMs: undefined,
              endedMs: present?.status === 'ENABLED' ? atMs : present?.endedMs,
            },
    };
    state.accounts.set(key, settings);
    return settings;
  },
};
