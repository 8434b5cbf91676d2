/** Functions as the API takes them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { functionOperations } from '@millrace/functions';
import { context, stage } from './stage.ts';

test('a function has 50 tags, not 51', async () => {
  const at = await stage(() => null);
  const create = async (count: number): Promise<unknown> => {
    const Tags = Object.fromEntries(Array.from({ length: count }, (_, n) => [`key-${n}`, 'value']));
    const Role = 'arn:aws:iam::000000000000:role/r';
    const input = { FunctionName: 'tagged', Runtime: 'nodejs24.x', Handler: 'index.handler', Role, Tags } as const;
    return functionOperations.CreateFunction(at.functions.service, { ...input, Code: {} }, context);
  };
  // A step further.
  await assert.rejects(create(50), { message: 'Please provide a source for function code.' });
  await assert.rejects(create(51), { message: 'Number of tags exceeds resource tag limit.' });
  await at.end();
});
