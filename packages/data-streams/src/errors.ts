import { AwsError } from '@millrace/model';
import { shardId } from './shard-id.ts';
import type { Stream } from './state.ts';

/** The errors that several operations share, in AWS's words (recorded where not said otherwise). */
export function streamNotFound(name: string, account: string): AwsError {
  return new AwsError('ResourceNotFoundException', `Stream ${name} under account ${account} not found.`);
}

export function couldNotFindShard(given: string, { name, account }: { name: string; account: string }): AwsError {
  return new AwsError(
    'ResourceNotFoundException',
    `Could not find shard ${given} in stream ${name} under account ${account}.`,
  );
}

export function shardDoesNotExist(shardNumber: number, { name, account }: { name: string; account: string }): AwsError {
  return new AwsError(
    'ResourceNotFoundException',
    `Shard ${shardId(shardNumber)} in stream ${name} under account ${account} does not exist`,
  );
}

export function notActive({ name, account, status }: Stream): AwsError {
  return new AwsError(
    'ResourceInUseException',
    `Stream ${name} under account ${account} not ACTIVE, instead in state ${status}`,
  );
}

export function invalidArgument(message: string): AwsError {
  return new AwsError('InvalidArgumentException', message);
}

export function limitExceeded(message: string): AwsError {
  return new AwsError('LimitExceededException', message);
}

/** What a data operation with DryRun answers when it would have succeeded (text not recorded). */
export function dryRunSucceeded(): AwsError {
  return new AwsError('DryRunOperationException', 'Request would have succeeded, but DryRun flag is set.');
}
