/** A policy document, checked when it is read: what cannot be understood must not be taken for a permission. */
export interface PolicyDocument {
  readonly statements: readonly Statement[];
}

export interface Statement {
  readonly effect: 'Allow' | 'Deny';
  readonly actions: readonly string[];
  readonly notActions: boolean;
  readonly resources: readonly string[];
  readonly notResources: boolean;
  /** Undefined in an identity's policy. '*' is anyone. */
  readonly principals: readonly string[] | undefined;
  readonly conditions: readonly Condition[];
}

export interface Condition {
  readonly operator: string;
  readonly key: string;
  readonly values: readonly string[];
}

/** Throws an Error that names the place `at` and what is wrong there. */
export function parsePolicy(value: unknown, at: string): PolicyDocument {
  const document = (typeof value === 'string' ? JSON.parse(value) : value) as { Statement?: unknown };
  const statements = list(document?.Statement) as Record<string, unknown>[];
  if (statements.length === 0) throw new Error(`${at}: has no Statement`);
  return { statements: statements.map((statement, index) => parseStatement(statement, `${at}.Statement[${index}]`)) };
}

function parseStatement(statement: Record<string, unknown>, at: string): Statement {
  const { Effect: effect, Action, NotAction, Resource, NotResource, Principal, Condition: conditions = {} } = statement;
  if (effect !== 'Allow' && effect !== 'Deny') throw new Error(`${at}: Effect must be Allow or Deny`);
  const actions = texts(Action ?? NotAction, `${at}.Action`);
  if (actions.length === 0) throw new Error(`${at}: has no Action`);
  return {
    effect,
    actions,
    notActions: Action === undefined,
    resources:
      Resource === undefined && NotResource === undefined ? ['*'] : texts(Resource ?? NotResource, `${at}.Resource`),
    notResources: Resource === undefined && NotResource !== undefined,
    principals: Principal === undefined ? undefined : principals(Principal, at),
    conditions: Object.entries(conditions as Record<string, Record<string, unknown>>).flatMap(([operator, keys]) =>
      Object.entries(keys).map(([key, values]) => {
        if (!knownOperator.test(operator)) throw new Error(`${at}: condition operator ${operator} is not known`);
        return { operator, key: key.toLowerCase(), values: list(values).map(String) };
      }),
    ),
  };
}

const knownOperator =
  /^(StringEquals|StringNotEquals|StringEqualsIgnoreCase|StringLike|StringNotLike|ArnEquals|ArnLike|ArnNotEquals|ArnNotLike|Bool|Null)(IfExists)?$/;

function principals(value: unknown, at: string): string[] {
  if (value === '*') return ['*'];
  return texts((value as { AWS?: unknown }).AWS, `${at}.Principal`);
}

function texts(value: unknown, at: string): string[] {
  const values = list(value);
  if (values.some((entry) => typeof entry !== 'string')) throw new Error(`${at}: must be texts`);
  return values as string[];
}

function list(value: unknown): unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}
