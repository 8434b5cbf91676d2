import { partitionOf } from '@millrace/model';
import { functionNotFound, invalidParameter } from './errors.ts';
import { functionKey } from './state.ts';

/** A function as a caller named it. */
export interface FunctionName {
  readonly account: string;
  readonly region: string;
  readonly name: string;
  readonly qualifier: string | undefined;
  readonly key: string;
  readonly arn: string;
}

// name | account:function:name | account:name | function:name | arn:…:function:name, each with :qualifier behind it or not.
const forms = new RegExp(
  String.raw`^(?:arn:(?<partition>[^:]+):lambda:)?(?:(?<region>[a-z]{2,}(?:-[a-z]+)+-\d):)?(?:(?<account>\d{12}):)?` +
    String.raw`(?:function:)?(?<name>[\w.-]+)(?::(?<qualifier>\$LATEST(?:\.PUBLISHED)?|[\w-]+))?$`,
);

/** Reads a function's name in each of its forms. Throws InvalidParameterValueException. */
export function readName(text: string, context: { readonly account: string; readonly region: string }): FunctionName {
  const groups = forms.exec(text)?.groups;
  if (groups === undefined) throw invalidParameter(`${text} is not a valid function name.`);
  const { region = context.region, account = context.account, name = '', qualifier } = groups;
  return {
    account,
    region,
    name,
    qualifier,
    key: functionKey(account, region, name),
    arn: arnOf(account, region, name),
  };
}

/** The ARN of a function that was named in any form. Throws InvalidParameterValueException. */
export function functionArn(text: string, context: { readonly account: string; readonly region: string }): string {
  return readName(text, context).arn;
}

export function arnOf(account: string, region: string, name: string): string {
  return `arn:${partitionOf(region)}:lambda:${region}:${account}:function:${name}`;
}

/**
 * A function has one version here, $LATEST, and no aliases. Throws ResourceNotFoundException for any other, and
 * InvalidParameterValueException where the name has one qualifier and the request another.
 */
export function checkQualifier({ arn, qualifier: named }: FunctionName, asked: string | undefined): void {
  if (named !== undefined && asked !== undefined && named !== asked)
    throw invalidParameter('The derived qualifier from the function name does not match the specified qualifier.');
  const qualifier = asked ?? named ?? '$LATEST';
  if (qualifier !== '$LATEST') throw functionNotFound(`${arn}:${qualifier}`);
}
