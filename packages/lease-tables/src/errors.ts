import { AwsError } from '@millrace/model';

export function validation(message: string): AwsError {
  return new AwsError('ValidationException', message);
}

export function tableNotFound(): AwsError {
  return new AwsError('ResourceNotFoundException', 'Requested resource not found');
}

/** DescribeTable, UpdateTable and DeleteTable name it. */
export function namedTableNotFound(name: string): AwsError {
  return new AwsError('ResourceNotFoundException', `Requested resource not found: Table: ${name} not found`);
}
