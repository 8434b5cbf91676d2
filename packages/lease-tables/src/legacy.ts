import type {
  AttributeValueUpdate,
  Condition as GivenCondition,
  ExpectedAttributeValue,
} from '@millrace/model/dynamodb';
import { validation } from './errors.ts';
import { beginsWith, compares, contains } from './expressions/condition.ts';
import type { Condition } from './expressions/condition.ts';
import { added, deleted, updateOf } from './expressions/update.ts';
import type { Action, Update } from './expressions/update.ts';
import { attributeOf, storedValue } from './value.ts';
import type { Value } from './value.ts';

/*
 * The parameters that expressions replaced: KCL 1 and 2 still send Expected and AttributeUpdates
 * (docs.aws.amazon.com/amazondynamodb/latest/developerguide/LegacyConditionalParameters.html).
 */
type Test = (value: Value | undefined, operands: readonly Value[]) => boolean;

const comparison =
  (sign: string): Test =>
  (value, [operand]) =>
    compares(sign, value, operand);

const tests: Readonly<Record<string, Test>> = {
  EQ: comparison('='),
  NE: comparison('<>'),
  LE: comparison('<='),
  LT: comparison('<'),
  GE: comparison('>='),
  GT: comparison('>'),
  NOT_NULL: (value) => value !== undefined,
  NULL: (value) => value === undefined,
  CONTAINS: (value, [part]) => contains(value, part),
  NOT_CONTAINS: (value, [part]) => value !== undefined && !contains(value, part),
  BEGINS_WITH: (value, [start]) => beginsWith(value, start),
  IN: (value, operands) => operands.some((operand) => compares('=', value, operand)),
  BETWEEN: (value, [low, high]) => compares('>=', value, low) && compares('<=', value, high),
};

type Operator = 'AND' | 'OR' | undefined;

function joined(conditions: readonly Condition[], operator: Operator): Condition {
  return operator === 'OR'
    ? (item) => conditions.some((condition) => condition(item))
    : (item) => conditions.every((condition) => condition(item));
}

/** Expected, of writes. */
export function expectedCondition(
  expected: Readonly<Record<string, ExpectedAttributeValue>>,
  operator: Operator,
): Condition {
  const conditions = Object.entries(expected).map(([name, given]): Condition => {
    const { Value: value, Exists: exists, ComparisonOperator: comparisonOperator, AttributeValueList: list } = given;
    if (comparisonOperator !== undefined) return testOf(name, comparisonOperator, list ?? (value && [value]));
    if (exists === false) {
      if (value !== undefined)
        throw validation(
          `One or more parameter values were invalid: Value cannot be used when Exists is false for Attribute: ${name}`,
        );
      return (item) => attributeOf(item, name) === undefined;
    }
    if (value === undefined)
      throw validation(
        `One or more parameter values were invalid: Value must be provided when Exists is ${exists === undefined ? 'null' : 'true'} for Attribute: ${name}`,
      );
    const stored = storedValue(value);
    return (item) => compares('=', attributeOf(item, name), stored);
  });
  return joined(conditions, operator);
}

/** ScanFilter, QueryFilter and KeyConditions. */
export function filterCondition(filter: Readonly<Record<string, GivenCondition>>, operator: Operator): Condition {
  const conditions = Object.entries(filter).map(([name, { ComparisonOperator, AttributeValueList }]) =>
    testOf(name, ComparisonOperator, AttributeValueList),
  );
  return joined(conditions, operator);
}

function testOf(name: string, operator: string, list: GivenCondition['AttributeValueList'] = []): Condition {
  const test = tests[operator]!;
  const operands = list.map((value) => storedValue(value));
  const wanted = operator === 'BETWEEN' ? 2 : operator === 'NULL' || operator === 'NOT_NULL' ? 0 : 1;
  if (operator === 'IN' ? operands.length === 0 : operands.length !== wanted)
    throw validation(
      `One or more parameter values were invalid: Invalid number of argument(s) for the ${operator} ComparisonOperator`,
    );
  return (item) => test(attributeOf(item, name), operands);
}

/** AttributeUpdates, of UpdateItem. */
export function legacyUpdate(updates: Readonly<Record<string, AttributeValueUpdate>>): Update {
  const actions = Object.entries(updates).map(([name, { Action: action = 'PUT', Value: given }]): Action => {
    if (given === undefined) {
      if (action === 'DELETE') return { path: [name], value: () => undefined };
      throw validation(
        'One or more parameter values were invalid: Only DELETE action is allowed when no attribute value is specified',
      );
    }
    const value = storedValue(given);
    if (action === 'PUT') return { path: [name], value: () => value };
    const change = action === 'ADD' ? added : deleted;
    return { path: [name], value: (item) => change(attributeOf(item, name), value) };
  });
  return updateOf(actions);
}
