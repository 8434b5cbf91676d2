import { AwsError } from '@millrace/model';

export function databaseNotFound(name: string): AwsError {
  return new AwsError('EntityNotFoundException', `Database ${name} not found.`);
}

export function tableNotFound(name: string): AwsError {
  return new AwsError('EntityNotFoundException', `Table ${name} not found.`);
}

export function versionNotFound(id: string): AwsError {
  return new AwsError('EntityNotFoundException', `Version ${id} not found.`);
}

export function alreadyExists(what: string): AwsError {
  return new AwsError('AlreadyExistsException', `${what} already exists.`);
}

export function invalidInput(message: string): AwsError {
  return new AwsError('InvalidInputException', message);
}

export function tooMany(what: string): AwsError {
  return new AwsError('ResourceNumberLimitExceededException', `Number of ${what} exceeds the limit.`);
}
