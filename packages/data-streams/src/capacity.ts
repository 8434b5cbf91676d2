import type { Change } from './change.ts';
import { dayMs } from './encryption.ts';
import { invalidArgument, limitExceeded } from './errors.ts';
import { planForCapacity } from './reshard/plan.ts';
import { openShardCount } from './shards.ts';
import { activeStream } from './stream-change.ts';
import type { StreamCommand } from './stream-change.ts';
import type { Stream } from './state.ts';

const modeChangesPerDay = 2;
/** 10 GiB/s, the documentation's bound of an on-demand stream's warm throughput. */
const mostWarmMiBps = 10_240;

/** A change of what a stream can take: mode, warm throughput, record size or distribution; absent members stay. */
export interface SetCapacityCommand extends StreamCommand {
  readonly type: 'SetCapacity';
  readonly mode?: Stream['mode'];
  readonly warmThroughputMiBps?: number;
  readonly maxRecordSizeKiB?: number;
  readonly recordDistribution?: Stream['recordDistribution'];
  readonly limited: boolean;
}

export const setCapacityChange: Change<SetCapacityCommand> = {
  type: 'SetCapacity',
  apply(state, command) {
    const stream = activeStream(state, command.stream);
    const mode = command.mode ?? stream.mode;
    check(stream, mode, command);
    if (command.mode !== undefined && command.mode !== stream.mode)
      stream.recentModeChangesMs = [
        ...stream.recentModeChangesMs.filter((time) => time > command.atMs - dayMs),
        command.atMs,
      ];
    stream.mode = mode;
    if (command.maxRecordSizeKiB !== undefined) stream.maxRecordSizeKiB = command.maxRecordSizeKiB;
    if (command.recordDistribution !== undefined) stream.recordDistribution = command.recordDistribution;
    if (mode === 'PROVISIONED') {
      stream.warmThroughputMiBps = undefined;
      stream.recordDistribution = 'USER_PARTITION_KEY';
    } else if (command.warmThroughputMiBps !== undefined) stream.warmThroughputMiBps = command.warmThroughputMiBps;
    const wanted = Math.max(stream.warmThroughputMiBps ?? 0, openShardCount(stream));
    const steps = wanted > openShardCount(stream) ? planForCapacity(stream, wanted) : [];
    stream.status = 'UPDATING';
    stream.pending =
      steps.length > 0 ? { type: 'reshard', dueMs: command.dueMs, steps } : { type: 'activate', dueMs: command.dueMs };
  },
};

/** Text not recorded. A shard is opened for each MiB, so it is refused before anything is planned. */
export function checkWarmThroughput(warmThroughputMiBps: number | undefined): void {
  if (warmThroughputMiBps === undefined || warmThroughputMiBps <= mostWarmMiBps) return;
  throw invalidArgument(`WarmThroughputMiBps must not be greater than ${mostWarmMiBps}.`);
}

function check(stream: Stream, mode: Stream['mode'], command: SetCapacityCommand): void {
  const { name, account } = stream;
  if (mode === 'PROVISIONED' && command.recordDistribution === 'AUTO') {
    throw invalidArgument(
      `RecordDistributionStrategy AUTO is only supported for streams in ON_DEMAND mode. Stream ${name} under account ${account} is in PROVISIONED mode.`,
    );
  }
  if (mode === 'PROVISIONED' && command.warmThroughputMiBps !== undefined) {
    throw invalidArgument(
      `WarmThroughputMiBps is only supported for streams in ON_DEMAND mode. Stream ${name} under account ${account} is in PROVISIONED mode.`,
    );
  }
  const recent = stream.recentModeChangesMs.filter((time) => time > command.atMs - dayMs);
  if (
    command.limited &&
    command.mode !== undefined &&
    command.mode !== stream.mode &&
    recent.length >= modeChangesPerDay
  ) {
    throw limitExceeded(
      `Stream ${name} under account ${account} has changed its mode ${modeChangesPerDay} times in 24 hours.`,
    );
  }
}
