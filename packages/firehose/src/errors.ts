import { AwsError } from '@millrace/model';

/** The text is AWS's, as its users report it. */
export function deliveryStreamNotFound(name: string, account: string): AwsError {
  return new AwsError('ResourceNotFoundException', `Firehose ${name} under account ${account} not found.`);
}

export function invalidArgument(message: string): AwsError {
  return new AwsError('InvalidArgumentException', message);
}

export function resourceInUse(message: string): AwsError {
  return new AwsError('ResourceInUseException', message);
}

export function limitExceeded(message: string): AwsError {
  return new AwsError('LimitExceededException', message);
}

/** What AWS answers to a put that is beyond a delivery stream's rates. */
export const slowDown = { code: 'ServiceUnavailableException', message: 'Slow down.' } as const;
