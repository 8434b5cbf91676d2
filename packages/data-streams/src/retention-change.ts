import type { Change } from './change.ts';
import { invalidArgument } from './errors.ts';
import { activeStream } from './stream-change.ts';
import type { StreamCommand } from './stream-change.ts';

export interface SetRetentionCommand extends StreamCommand {
  readonly type: 'SetRetention';
  readonly direction: 'increase' | 'decrease';
  readonly hours: number;
}

const longestHours = 8760;

/** Texts recorded, but for the upper bound's. The present value is fine: Terraform sets it right after creation. */
export const setRetentionChange: Change<SetRetentionCommand> = {
  type: 'SetRetention',
  apply(state, { stream: key, direction, hours }) {
    const stream = activeStream(state, key);
    const requested = `Requested retention period (${hours} hours)`;
    const present = `existing retention period (${stream.retentionHours} hours)`;
    if (hours < 24) throw invalidArgument(`Minimum allowed retention period is 24 hours. ${requested} is too short.`);
    if (hours > longestHours)
      throw invalidArgument(`Maximum allowed retention period is ${longestHours} hours. ${requested} is too long.`);
    if (direction === 'increase' && hours < stream.retentionHours) {
      throw invalidArgument(
        `${requested} for stream ${stream.name} can not be shorter than ${present}. Use DecreaseRetentionPeriod API.`,
      );
    }
    if (direction === 'decrease' && hours > stream.retentionHours) {
      throw invalidArgument(
        `${requested} for stream ${stream.name} can not be longer than ${present}. Use IncreaseRetentionPeriod API.`,
      );
    }
    stream.retentionHours = hours;
  },
};
