/**
 * What AWS answered to requests that fail by their meaning, as the author of npm's kinesalite asserted against production:
 * each of them sent to a real server. (Wrong types and constraints are held to their records in packages/model.)
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startServer } from '../../tools/server-process.ts';
import type { ServerProcess } from '../../tools/server-process.ts';

interface Fact {
  readonly operation: string;
  readonly request: object;
  readonly status: number;
  readonly __type: string;
  readonly message: string | null;
  readonly needs: string;
}

const { facts } = JSON.parse(readFileSync(join(import.meta.dirname, 'data/recorded-errors.json'), 'utf8')) as {
  facts: Fact[];
};
const names = { '${TEST_STREAM}': 'recorded', '${RANDOM_NAME}': 'absent', '${ACCOUNT}': '000000000000' };
let server: ServerProcess;

async function call(operation: string, body: string): Promise<{ status: number; body: Record<string, string> }> {
  const answer = await fetch(server.endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `Kinesis_20131202.${operation}` },
    body,
  });
  const text = await answer.text();
  return { status: answer.status, body: text === '' ? {} : (JSON.parse(text) as Record<string, string>) };
}

function fill(text: string): string {
  return Object.entries(names).reduce((filled, [name, value]) => filled.replaceAll(name, value), text);
}

before(async () => {
  server = await startServer(['--limits', 'none', '--transition-ms', '0']);
  await call('CreateStream', JSON.stringify({ StreamName: 'recorded', ShardCount: 3 }));
  for (;;) {
    const { body } = await call('DescribeStreamSummary', JSON.stringify({ StreamName: 'recorded' }));
    if (JSON.stringify(body).includes('"ACTIVE"')) break;
  }
});
after(async () => {
  assert.equal(await server.stop(), 0, server.log());
});

test('there are facts to hold the server to', () => {
  assert.ok(facts.length > 60, `${facts.length} facts`);
});

for (const [index, fact] of facts.entries()) {
  test(`${index}: ${fact.operation} ${JSON.stringify(fact.request).slice(0, 100)} → ${fact.__type}`, async () => {
    const answer = await call(fact.operation, fill(JSON.stringify(fact.request)));
    assert.equal(answer.body['__type'], fact.__type, JSON.stringify(answer.body));
    if (fact.message !== null) assert.equal(answer.body['message'], fill(fact.message));
    assert.equal(answer.status, fact.__type === 'InternalFailure' ? 500 : fact.status);
  });
}
