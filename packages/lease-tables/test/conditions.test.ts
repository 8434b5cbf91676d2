import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { TestTables } from './support.ts';

let tables: TestTables;
beforeEach(async () => {
  tables = await TestTables.open();
  await tables.createLeases();
});
afterEach(() => tables.stop());

const failed = 'ConditionalCheckFailedException: The conditional request failed';
const key = { leaseKey: { S: 'k' } };

/** Whether a condition holds of an item. */
async function holds(
  item: object,
  ConditionExpression: string,
  values: object = {},
  names: object = {},
): Promise<boolean> {
  await tables.put('k', item);
  const refused = await tables.refusal('UpdateItem', {
    TableName: 'leases',
    Key: key,
    ConditionExpression,
    ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: values }),
    ...(Object.keys(names).length > 0 && { ExpressionAttributeNames: names }),
  });
  if (refused !== 'nothing') assert.equal(refused, failed);
  return refused === 'nothing';
}

test('comparisons, functions and their precedence', async () => {
  const item = {
    n: { N: '10' },
    s: { S: 'abc' },
    m: { M: { 'in.ner': { L: [{ S: 'x' }] } } },
    set: { SS: ['a', 'b'] },
  };
  const N = (value: string): object => ({ ':n': { N: value } });
  const S = (value: string): object => ({ ':s': { S: value } });
  assert.equal(await holds(item, 'n = :n', N('10.0')), true);
  assert.equal(await holds(item, 'n > :n', N('9')), true);
  assert.equal(await holds(item, 'n < :n', N('9')), false);
  assert.equal(await holds(item, 'n > :s', S('9')), false);
  assert.equal(await holds(item, 'missing <> :n', N('1')), true);
  assert.equal(await holds(item, 'missing = :n', N('1')), false);
  assert.equal(await holds(item, 'begins_with(s, :s)', S('ab')), true);
  assert.equal(await holds(item, 'contains(#set, :s)', S('b'), { '#set': 'set' }), true);
  assert.equal(await holds(item, 'm.#i[0] = :s', S('x'), { '#i': 'in.ner' }), true);
  assert.equal(await holds(item, 'attribute_not_exists(m.other) AND attribute_exists(s)'), true);
  assert.equal(await holds(item, 'size(s) = :n', N('3')), true);
  assert.equal(await holds(item, 'attribute_type(s, :s)', S('S')), true);
  const both = { ':one': { N: '1' }, ':ten': { N: '10' } };
  assert.equal(await holds(item, 'n BETWEEN :one AND :ten', both), true);
  assert.equal(await holds(item, 'n IN (:one, :ten)', both), true);
  assert.equal(await holds(item, 'n = :ten OR n = :one AND n = :one', both), true);
  assert.equal(await holds(item, '(n = :ten OR n = :one) AND n = :one', both), false);
  assert.equal(await holds(item, 'NOT n = :one AND n = :ten', both), true);
});

test('a condition that fails changes nothing and shows the item where that is asked for', async () => {
  await tables.put('k', { owner: { S: 'w1' } });
  const put = {
    TableName: 'leases',
    Item: { ...key, owner: { S: 'w2' } },
    ConditionExpression: 'attribute_not_exists(#k)',
    ExpressionAttributeNames: { '#k': 'leaseKey' },
  };
  assert.equal(await tables.refusal('PutItem', put), failed);
  assert.equal(
    await tables.refusal('PutItem', { ...put, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' }),
    `${failed} {"Item":{"leaseKey":{"S":"k"},"owner":{"S":"w1"}}}`,
  );
  assert.deepEqual(await tables.get('k'), { ...key, owner: { S: 'w1' } });
});

test('of many that take a lease at once, one gets it', async () => {
  await tables.put('k', { counter: { N: '5' } });
  const take = (owner: number): Promise<string> =>
    tables.refusal('UpdateItem', {
      TableName: 'leases',
      Key: key,
      UpdateExpression: 'SET leaseOwner = :o, #c = #c + :one',
      ConditionExpression: '#c = :five',
      ExpressionAttributeNames: { '#c': 'counter' },
      ExpressionAttributeValues: { ':o': { S: `w${owner}` }, ':one': { N: '1' }, ':five': { N: '5' } },
    });
  const outcomes = await Promise.all(Array.from({ length: 20 }, (_, owner) => take(owner)));
  assert.deepEqual(
    [
      outcomes.filter((outcome) => outcome === 'nothing').length,
      outcomes.filter((outcome) => outcome === failed).length,
    ],
    [1, 19],
  );
  assert.deepEqual((await tables.get('k'))!['counter'], { N: '6' });
});

test('Expected and AttributeUpdates, as KCL 1 and 2 send them', async () => {
  const update = (Expected: object): Promise<string> =>
    tables.refusal('UpdateItem', {
      TableName: 'leases',
      Key: key,
      Expected,
      AttributeUpdates: {
        leaseCounter: { Action: 'PUT', Value: { N: '2' } },
        switches: { Action: 'ADD', Value: { N: '1' } },
        checkpoint: { Action: 'DELETE' },
      },
    });
  await tables.put('k', { leaseCounter: { N: '1' }, checkpoint: { S: 'x' } });
  assert.equal(await update({ leaseCounter: { Value: { N: '7' } } }), failed);
  assert.equal(await update({ leaseOwner: { Exists: false }, leaseCounter: { Value: { N: '1' } } }), 'nothing');
  assert.deepEqual(await tables.get('k'), { ...key, leaseCounter: { N: '2' }, switches: { N: '1' } });
  assert.equal(await update({ leaseCounter: { ComparisonOperator: 'GE', AttributeValueList: [{ N: '3' }] } }), failed);
  assert.match(
    await update({ leaseCounter: { Exists: true } }),
    /^ValidationException: .*Value must be provided when Exists is true/,
  );
});

test('updates: arithmetic, functions, sets, and what each answer shows', async () => {
  await tables.put('k', { n: { N: '0.1' }, l: { L: [{ S: 'a' }] }, set: { NS: ['1'] }, gone: { S: 'x' } });
  const update = {
    TableName: 'leases',
    Key: key,
    UpdateExpression: 'SET n = n + :d, l = list_append(l, :l), fresh = if_not_exists(fresh, :d) REMOVE gone ADD #s :s',
    ExpressionAttributeNames: { '#s': 'set' },
    ExpressionAttributeValues: { ':d': { N: '0.2' }, ':l': { L: [{ S: 'b' }] }, ':s': { NS: ['2', '1'] } },
  };
  const after = {
    n: { N: '0.3' },
    l: { L: [{ S: 'a' }, { S: 'b' }] },
    set: { NS: ['1', '2'] },
    fresh: { N: '0.2' },
  };
  const { Attributes: all } = await tables.call('UpdateItem', { ...update, ReturnValues: 'ALL_NEW' });
  assert.deepEqual(all, { ...key, ...after });
  const { Attributes: old } = await tables.call('DeleteItem', {
    TableName: 'leases',
    Key: key,
    ReturnValues: 'ALL_OLD',
  });
  assert.deepEqual(old, { ...key, ...after });
  const { Attributes: made } = await tables.call('UpdateItem', {
    TableName: 'leases',
    Key: key,
    UpdateExpression: 'SET a = :d',
    ExpressionAttributeValues: { ':d': { N: '1e2' } },
    ReturnValues: 'UPDATED_NEW',
  });
  assert.deepEqual(made, { a: { N: '100' } });
});

test('what is wrong is refused in DynamoDB’s words', async () => {
  await tables.put('k', { s: { S: 'x' } });
  const base = { TableName: 'leases', Key: key };
  const value = { ExpressionAttributeValues: { ':v': { S: 'x' } } };
  const wrong: [string, object, RegExp][] = [
    [
      'UpdateItem',
      { ...base, UpdateExpression: 'SET a = :v' },
      /attribute value used in expression is not defined; attribute value: :v/,
    ],
    ['UpdateItem', { ...base, UpdateExpression: 'SET a = b', ...value }, /unused in expressions: keys: \{:v\}/],
    [
      'UpdateItem',
      { ...base, UpdateExpression: 'SET a = b' },
      /refers to an attribute that does not exist in the item/,
    ],
    [
      'UpdateItem',
      { ...base, UpdateExpression: 'SET leaseKey = :v', ...value },
      /Cannot update attribute leaseKey\. This attribute is part of the key/,
    ],
    ['UpdateItem', { ...base, UpdateExpression: 'SET s = s + :v', ...value }, /incorrect data type/],
    [
      'UpdateItem',
      { ...base, UpdateExpression: 'SET a = :v SET b = :v', ...value },
      /"SET" section can only be used once/,
    ],
    [
      'UpdateItem',
      { ...base, UpdateExpression: 'SET a.b = :v', ...value },
      /document path provided in the update expression is invalid/,
    ],
    ['UpdateItem', { ...base, ConditionExpression: 's = ' }, /Syntax error; token: "<EOF>"/],
    ['UpdateItem', { ...base, ConditionExpression: 'nothing(s)' }, /Invalid function name; function: nothing/],
    ['PutItem', { TableName: 'leases', Item: { s: { S: 'x' } } }, /Missing the key leaseKey in the item/],
    [
      'PutItem',
      { TableName: 'leases', Item: { leaseKey: { N: '1' } } },
      /Type mismatch for key leaseKey expected: S actual: N/,
    ],
    ['PutItem', { TableName: 'leases', Item: { leaseKey: { S: '' } } }, /cannot contain an empty string value/],
    ['PutItem', { TableName: 'leases', Item: { ...key, a: {} } }, /Supplied AttributeValue is empty/],
    ['PutItem', { TableName: 'leases', Item: { ...key, a: { N: 'x' } } }, /cannot be converted to a numeric value: x/],
    ['PutItem', { TableName: 'leases', Item: { ...key, a: { SS: ['x', 'x'] } } }, /contains duplicates/],
    ['PutItem', { TableName: 'leases', Item: { ...key, a: { S: 'x'.repeat(410_000) } } }, /Item size has exceeded/],
    ['GetItem', { TableName: 'leases', Key: { other: { S: 'x' } } }, /provided key element does not match the schema/],
    [
      'Query',
      { TableName: 'leases', IndexName: 'none', KeyConditionExpression: 'a = :v', ...value },
      /does not have the specified index: none/,
    ],
  ];
  for (const [operation, input, expected] of wrong) {
    const refused = await tables.refusal(operation, input);
    assert.match(refused, /^ValidationException: /, `${operation} ${JSON.stringify(input).slice(0, 200)}`);
    assert.match(refused, expected);
  }
  assert.deepEqual(await tables.get('k'), { ...key, s: { S: 'x' } });
});

test('places in lists are those of before the update', async () => {
  const list = { l: { L: ['a', 'b', 'c'].map((S) => ({ S })) } };
  const after = async (UpdateExpression: string, values?: object): Promise<unknown> => {
    await tables.put('k', list);
    const more = values === undefined ? {} : { ExpressionAttributeValues: values };
    await tables.call('UpdateItem', { TableName: 'leases', Key: key, UpdateExpression, ...more });
    return ((await tables.get('k'))!['l'] as { L: { S: string }[] }).L.map(({ S }) => S).join('');
  };
  assert.equal(await after('REMOVE l[0], l[1]'), 'c');
  assert.equal(await after('REMOVE l[0] SET l[1] = :x', { ':x': { S: 'X' } }), 'Xc');
  assert.equal(await after('SET l[9] = :x', { ':x': { S: 'X' } }), 'abcX');
  assert.equal(await after('SET l[10] = :y, l[5] = :x', { ':x': { S: 'X' }, ':y': { S: 'Y' } }), 'abcXY');
  const inner = ['a', 'b'].map((S) => ({ M: { x: { S }, y: { S } } }));
  await tables.put('k', { l: { L: inner } });
  await tables.call('UpdateItem', { TableName: 'leases', Key: key, UpdateExpression: 'REMOVE l[0], l[1].x' });
  assert.deepEqual((await tables.get('k'))!['l'], { L: [{ M: { y: { S: 'b' } } }] });
});

test('nothing that is sent is more than refused: long numbers, deep expressions, sums out of range, odd names', async () => {
  const base = { TableName: 'leases', Key: key };
  const began = performance.now();
  const number = await tables.refusal('PutItem', {
    TableName: 'leases',
    Item: { ...key, n: { N: `1${'0'.repeat(300_000)}` } },
  });
  assert.match(number, /^ValidationException: The parameter cannot be converted to a numeric value/);
  assert.ok(performance.now() - began < 5000);
  for (const expression of [
    '('.repeat(2000),
    'NOT '.repeat(1000),
    `${'('.repeat(150)}s = s${')'.repeat(150)}`,
    'a'.repeat(5000),
  ])
    assert.match(
      await tables.refusal('UpdateItem', { ...base, ConditionExpression: expression }),
      /^ValidationException: /,
    );
  await tables.put('k', { n: { N: '1e125' } });
  const sum = {
    ...base,
    UpdateExpression: 'ADD n :n',
    ExpressionAttributeValues: { ':n': { N: '1e-130' } },
  };
  assert.match(await tables.refusal('UpdateItem', sum), /^ValidationException: Number overflow/);
  const overlap = {
    ...base,
    UpdateExpression: 'SET m = :v, m.b = :v',
    ExpressionAttributeValues: { ':v': { S: 'x' } },
  };
  assert.match(await tables.refusal('UpdateItem', overlap), /paths overlap/);
  assert.equal((await tables.call('Scan', { TableName: 'leases' }))['Count'], 1);
  let deep: object = { S: 'x' };
  for (let level = 0; level < 31; level += 1) deep = { M: { m: deep } };
  await tables.put('deep', { deep });
  assert.match(
    await tables.refusal('PutItem', { TableName: 'leases', Item: { ...key, deep: { L: [{ L: [deep] }] } } }),
    /^ValidationException: Nesting Levels have exceeded supported limits/,
  );
  await tables.put('k', { deep });
  const nest = { ...base, UpdateExpression: 'SET deep.m.m.m = deep' };
  assert.match(await tables.refusal('UpdateItem', nest), /^ValidationException: Nesting Levels/);
  const many = Array.from({ length: 40 }, (_, n) => ({ N: String(n) }));
  const expected = { n: { ComparisonOperator: 'IN', AttributeValueList: many } };
  assert.match(await tables.refusal('DeleteItem', { ...base, Expected: expected }), /^ConditionalCheckFailed/);
  tables = await tables.restart();
  const odd = { constructor: { S: '1' }, ['__proto__']: { S: '2' } };
  await tables.put('k', odd);
  assert.deepEqual(Object.entries((await tables.get('k'))!).length, 3);
});
