import { AwsError } from '@millrace/model';

/** Lambda's errors say whose fault they are; some have their text under `Message`, as their shapes have it. */
function userError(code: string, message: string, status: number, capital = false): AwsError {
  return new AwsError(code, message, status, { members: { Type: 'User', ...(capital && { Message: message }) } });
}

export function invalidParameter(message: string): AwsError {
  return userError('InvalidParameterValueException', message, 400);
}

export function resourceNotFound(message: string): AwsError {
  return userError('ResourceNotFoundException', message, 404, true);
}

export function functionNotFound(arn: string): AwsError {
  return resourceNotFound(`Function not found: ${arn}`);
}

export function resourceConflict(message: string): AwsError {
  return userError('ResourceConflictException', message, 409);
}

export function resourceInUse(message: string): AwsError {
  return userError('ResourceInUseException', message, 400, true);
}

export function invalidRequestContent(message: string): AwsError {
  return userError('InvalidRequestContentException', message, 400);
}

export function requestTooLarge(message: string): AwsError {
  return userError('RequestTooLargeException', message, 413);
}

export function preconditionFailed(message: string): AwsError {
  return userError('PreconditionFailedException', message, 412);
}

/** More invocations at once than there is room for. */
export function tooManyRequests(): AwsError {
  return new AwsError('TooManyRequestsException', 'Rate Exceeded.', 429, {
    members: { Type: 'User', Reason: 'ConcurrentInvocationLimitExceeded' },
  });
}

/** What runs the function cannot be reached or answers nonsense: not the function's error, and worth trying again. */
export function serviceFault(message: string, cause?: unknown): AwsError {
  return new AwsError('ServiceException', message, 502, { members: { Type: 'Service', Message: message }, cause });
}
