/** OpenSearch itself: what it answers to a bulk of which a part fails. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startOpenSearch } from './servers/opensearch.ts';

test('OpenSearch indexes, and refuses single items of a bulk', { timeout: 180_000 }, async () => {
  const server = await startOpenSearch();
  try {
    const { body: about } = await server.call('GET', '/');
    assert.equal(about.version.number, '2.19.5');
    const mappings = { properties: { at: { type: 'date' }, count: { type: 'integer' } } };
    assert.equal((await server.call('PUT', '/readings', { mappings })).status, 200);
    const lines = [
      { index: { _index: 'readings', _id: 'a' } },
      { at: '2024-01-01T00:00:00Z', count: 1 },
      { index: { _index: 'readings', _id: 'b' } },
      { count: 'many' },
      { create: { _index: 'readings', _id: 'a' } },
      { count: 2 },
      { index: { _index: 'others' } },
      { anything: true },
    ];
    const bulk = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    const { status, body } = await server.call('POST', '/_bulk', bulk);
    assert.equal(status, 200);
    assert.equal(body.errors, true);
    const outcomes = (body.items as Record<string, { status: number; error?: { type: string } }>[]).map((item) => {
      const { status: code, error } = Object.values(item)[0]!;
      return [code, error?.type];
    });
    assert.deepEqual(outcomes, [
      [201, undefined],
      [400, 'mapper_parsing_exception'],
      [409, 'version_conflict_engine_exception'],
      [201, undefined],
    ]);
    const stored = new Map([['a', { at: '2024-01-01T00:00:00Z', count: 1 }]]);
    assert.deepEqual(await server.documents('readings'), stored);
    assert.deepEqual(await server.documents('nothing'), new Map());
    assert.equal((await server.call('POST', '/_bulk', 'no JSON\n')).status, 400);
  } finally {
    await server.stop();
  }
});
