import { AwsError } from '@millrace/model';
import type { Caller } from '../authenticate.ts';
import { parsePolicy } from './policy.ts';
import type { Condition, PolicyDocument, Statement } from './policy.ts';

export interface AccessRequest {
  readonly caller: Caller;
  /** e.g. kinesis:PutRecord */
  readonly action: string;
  readonly resource: string;
  /** The account that owns the resource. */
  readonly resourceAccount: string;
  /** The policy attached to the resource, as its JSON. */
  readonly resourcePolicy: string | undefined;
  /** Condition keys in lower case, e.g. aws:sourceip. */
  readonly context: Readonly<Record<string, string>>;
}

/**
 * Lets pass or throws AccessDeniedException in AWS's words. An explicit deny wins; in one account the identity's policies or
 * the resource's must allow; across accounts both must.
 */
export function authorize(request: AccessRequest): void {
  const { caller, resourcePolicy } = request;
  const own = decide(caller.identity?.policies ?? [], request, false);
  const attached =
    resourcePolicy === undefined ? 'none' : decide([parsePolicy(resourcePolicy, 'resource policy')], request, true);
  if (own === 'deny') throw denied(request, 'with an explicit deny in an identity-based policy');
  if (attached === 'deny') throw denied(request, 'with an explicit deny in a resource-based policy');
  const isForeign = caller.account !== request.resourceAccount;
  if (isForeign ? own === 'allow' && attached === 'allow' : own === 'allow' || attached === 'allow') return;
  throw denied(
    request,
    `because no ${isForeign && own === 'allow' ? 'resource' : 'identity'}-based policy allows the ${request.action} action`,
  );
}

function denied({ caller, action, resource }: AccessRequest, why: string): AwsError {
  return new AwsError(
    'AccessDeniedException',
    `User: ${caller.arn} is not authorized to perform: ${action} on resource: ${resource} ${why}`,
  );
}

function decide(
  policies: readonly PolicyDocument[],
  request: AccessRequest,
  byResource: boolean,
): 'allow' | 'deny' | 'none' {
  let allowed = false;
  for (const { statements } of policies) {
    for (const statement of statements) {
      if (!applies(statement, request, byResource)) continue;
      if (statement.effect === 'Deny') return 'deny';
      allowed = true;
    }
  }
  return allowed ? 'allow' : 'none';
}

function applies(statement: Statement, request: AccessRequest, byResource: boolean): boolean {
  const { actions, notActions, resources, notResources, principals, conditions } = statement;
  if (byResource && !(principals ?? []).some((principal) => isPrincipal(principal, request.caller))) return false;
  if (actions.some((pattern) => like(pattern.toLowerCase(), request.action.toLowerCase())) === notActions) return false;
  if (resources.some((pattern) => like(pattern, request.resource)) === notResources) return false;
  return conditions.every((condition) => holds(condition, request));
}

function isPrincipal(principal: string, { arn, account }: Caller): boolean {
  return (
    principal === '*' || principal === arn || principal === account || principal === `arn:aws:iam::${account}:root`
  );
}

function holds({ operator, key, values }: Condition, { context, caller, resourceAccount }: AccessRequest): boolean {
  const known: Record<string, string> = {
    ...context,
    'aws:principalarn': caller.arn,
    'aws:principalaccount': caller.account,
    'aws:resourceaccount': resourceAccount,
  };
  const actual = known[key];
  const isOptional = operator.endsWith('IfExists');
  const name = operator.replace(/IfExists$/, '');
  if (name === 'Null') return values.some((value) => (value === 'true') === (actual === undefined));
  const isNegative = name.includes('Not');
  if (actual === undefined) return isOptional || isNegative;
  const matches = values.some((value) => compare(name, value, actual));
  return matches !== isNegative;
}

function compare(operator: string, value: string, actual: string): boolean {
  if (operator.includes('Like') || operator.startsWith('Arn')) return like(value, actual);
  if (operator === 'StringEqualsIgnoreCase' || operator === 'Bool') return value.toLowerCase() === actual.toLowerCase();
  return value === actual;
}

/** `*` stands for any text, `?` for one character. No backtracking beyond the last star: linear for hostile patterns too. */
export function like(pattern: string, text: string): boolean {
  let at = 0;
  let star = -1;
  let mark = 0;
  let p = 0;
  while (at < text.length) {
    if (p < pattern.length && (pattern[p] === '?' || pattern[p] === text[at]) && pattern[p] !== '*') {
      p += 1;
      at += 1;
    } else if (pattern[p] === '*') {
      star = p;
      mark = at;
      p += 1;
    } else if (star >= 0) {
      p = star + 1;
      mark += 1;
      at = mark;
    } else return false;
  }
  while (pattern[p] === '*') p += 1;
  return p === pattern.length;
}
