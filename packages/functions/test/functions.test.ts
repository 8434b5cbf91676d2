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

test("events of a function that takes very long do not keep another's waiting", async () => {
  const done: string[] = [];
  const at = await stage(() => null, {
    async call({ runnable }) {
      if (runnable.name === 'f') await new Promise<void>((resolve) => void at.world.clock.setTimer(900_000, resolve));
      done.push(runnable.name);
      return null;
    },
  });
  const invoke = (FunctionName: string): Promise<unknown> => {
    const input = { FunctionName, InvocationType: 'Event', Payload: Buffer.from('1') } as const;
    return at.settled(Promise.resolve(functionOperations.Invoke(at.functions.service, input, context)));
  };
  for (let n = 0; n < 200; n += 1) await invoke('f');
  await invoke('g');
  await at.world.run({ forMs: 1_000_000 });
  assert.ok(done.includes('g'), `${done.length} of the other's were first`);
  await at.end();
});
