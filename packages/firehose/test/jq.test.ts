import assert from 'node:assert/strict';
import { test } from 'node:test';
import { realWorld } from '@millrace/world';
import fc from 'fast-check';
import { openJqEngine } from '../src/processing/jq/jq-engine.ts';
import { openJq } from '../src/processing/jq/jq-runner.ts';

test('each text has an answer of its own, whatever the others are', async () => {
  const jq = await openJq();
  const text = fc.oneof(
    fc.json().map((json) => ({ text: json, value: JSON.parse(json) as unknown })),
    fc.string().map((junk) => ({ text: `${junk}{`, value: undefined })),
  );
  fc.assert(
    fc.property(fc.array(text, { maxLength: 20 }), (all) => {
      const answers = jq.run(
        '[type]',
        all.map((one) => one.text),
      );
      for (const [at, { value }] of all.entries())
        assert.deepEqual(
          answers[at],
          value === undefined ? { error: 'Non JSON record provided' } : { values: [[typeOf(value)]] },
        );
      assert.equal(answers.length, all.length);
    }),
  );
});

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

test('a query reads no other record, ends nothing, and says nothing beside its answers', async () => {
  const jq = await openJq();
  for (const [query, answer] of [
    ['input', { error: 'No more inputs' }],
    ['[inputs]', { values: [[]] }],
    ['halt', { error: 'halt' }],
    ['halt_error', { error: 'halt' }],
    ['halt_error(1)', { error: 'halt' }],
    ['debug, stderr, debug("x")', { values: [1, 1, 1] }],
    ['empty', { values: [] }],
    ['error({a: 1})', { error: '{"a":1}' }],
    ['error(null)', { error: 'null' }],
    ['# a comment\n . # and another', { values: [1] }],
    ['def f: . + 1; f', { values: [2] }],
    ['1565382027 | strftime("%Y-%m-%d %H")', { values: ['2019-08-09 20'] }],
  ] as const) {
    assert.equal(jq.check(query), undefined, query);
    assert.deepEqual(jq.run(query, ['1', '1']), [answer, answer], query);
  }
  for (const query of ['', '{', '.) | (.', 'import "a" as a; .', 'include "a"; .', 'nothing_of_that_name', '. end'])
    assert.notEqual(jq.check(query), undefined, query);
});

test('the engine goes on after queries that break it', { timeout: 60_000 }, async () => {
  const engine = openJqEngine(realWorld(), { callMs: 1000, textMs: 500 });
  try {
    const endless = await engine.run('last(repeat(1))', ['1', '2', '3', '4', '5']);
    for (const answer of endless) assert.match((answer as { error: string }).error, /took too long/);
    const deep = 'def f: [f]; f';
    assert.match(((await engine.run(deep, ['1']))[0] as { error: string }).error, /took too long|memory/);
    assert.equal(await engine.check('.'), undefined);
    assert.deepEqual(await engine.run('.', ['1']), [{ values: [1] }]);
  } finally {
    await engine.stop();
  }
});

test('a query has 256 MiB, to which this jq is built', { timeout: 60_000 }, async () => {
  const engine = openJqEngine(realWorld(), { callMs: 20_000, textMs: 20_000 });
  const lengthOf = async (mebibytes: number): Promise<unknown> =>
    (await engine.run(`("x" * ${mebibytes << 20}) | length`, ['1']))[0];
  try {
    assert.deepEqual(await lengthOf(20), { values: [20 << 20] });
    assert.match(((await lengthOf(400)) as { error: string }).error, /memory/);
    assert.deepEqual(await lengthOf(1), { values: [1 << 20] });
  } finally {
    await engine.stop();
  }
});

test('texts that break jq at once fail themselves, and not those behind them', { timeout: 60_000 }, async () => {
  const engine = openJqEngine(realWorld());
  try {
    const deep = `${'['.repeat(9000)}${']'.repeat(9000)}`;
    const answers = await engine.run('{k:.}', [deep, deep, deep, deep, '1']);
    assert.match((answers[3] as { error: string }).error, /too long, or more memory/);
    assert.deepEqual(answers[4], { values: [{ k: 1 }] });
  } finally {
    await engine.stop();
  }
});

test('an engine that has stopped starts nothing any more', { timeout: 60_000 }, async () => {
  const engine = openJqEngine(realWorld(), { callMs: 30_000, textMs: 30_000 });
  assert.equal(await engine.check('.'), undefined);
  const endless = ['1', '2', '3'].map((text) => engine.run('last(repeat(1))', [text]));
  const ended = Promise.allSettled(endless);
  await engine.stop();
  for (const { status } of await ended) assert.equal(status, 'rejected');
  await assert.rejects(engine.run('.', ['1']), /jq has stopped/);
});
