import type { CloudWatchLoggingOptions } from '@millrace/model/firehose';
import type { Firehose } from '../service.ts';
import type { DeliveryStream } from '../state.ts';

/** Where a destination's errors are told. */
export interface Logging {
  readonly options: CloudWatchLoggingOptions | undefined;
  /** What the destination is called there: a bucket's ARN, an endpoint's URL. */
  readonly destination: string;
}

/** An error as AWS's error logs tell it. */
export interface DeliveryFault {
  readonly code: string;
  readonly message: string;
  /** Of the function or the catalog, where one was at fault. */
  readonly processor?: string;
}

/**
 * Writes to the log of the delivery stream's destination, where one is asked for. Members are those of "Monitor Firehose using
 * CloudWatch Logs" of Firehose's guide.
 */
export function logFault(
  { errorLogs, world }: Pick<Firehose, 'errorLogs' | 'world'>,
  { account, region, arn, version }: DeliveryStream,
  { options, destination }: Logging,
  { code, message, processor }: DeliveryFault,
): void {
  if (options?.Enabled !== true) return;
  const { LogGroupName: logGroup, LogStreamName: logStream } = options;
  if (logGroup === undefined || logStream === undefined) return;
  const told = {
    deliveryStreamARN: arn,
    destination,
    deliveryStreamVersionId: version,
    message,
    errorCode: code,
    ...(processor !== undefined && { processor }),
  };
  errorLogs.write({ account, region, logGroup, logStream, timeMs: world.clock.now(), message: JSON.stringify(told) });
}
