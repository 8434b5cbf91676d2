/** Who may bring code to the server. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startServer } from '../../tools/server-process.ts';

async function create(endpoint: string, headers: Record<string, string>): Promise<number> {
  const body = JSON.stringify({ FunctionName: 'f', Role: 'arn:aws:iam::000000000000:role/r', Code: {} });
  const { status } = await fetch(`${endpoint}/2015-03-31/functions`, { method: 'POST', headers, body });
  return status;
}

test('a page in a browser brings no code to a server that is open to anyone', { timeout: 60_000 }, async () => {
  const server = await startServer([]);
  try {
    // Without code it is refused as incomplete, a step further.
    assert.equal(await create(server.endpoint, {}), 400);
    assert.equal(await create(server.endpoint, { origin: 'https://example.com' }), 403);
    assert.equal(await create(server.endpoint, { origin: 'null' }), 403);
  } finally {
    assert.equal(await server.stop(), 0);
  }
});

test('a page in a browser has nothing delivered by a server that is open to anyone', { timeout: 60_000 }, async () => {
  const server = await startServer([]);
  try {
    for (const operation of ['CreateDeliveryStream', 'UpdateDestination']) {
      assert.equal(await callFirehose(server.endpoint, operation, {}), 400);
      assert.equal(await callFirehose(server.endpoint, operation, { origin: 'https://example.com' }), 403);
    }
    assert.equal(await callFirehose(server.endpoint, 'ListDeliveryStreams', { origin: 'https://example.com' }), 200);
  } finally {
    assert.equal(await server.stop(), 0);
  }
});

async function callFirehose(
  endpoint: string,
  operation: string,
  headers: Readonly<Record<string, string>>,
): Promise<number> {
  const { status } = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `Firehose_20150804.${operation}`,
      ...headers,
    },
    body: '{}',
  });
  return status;
}

test('--function-code declared takes no code from anybody', { timeout: 60_000 }, async () => {
  const server = await startServer(['--function-code', 'declared']);
  try {
    assert.equal(await create(server.endpoint, {}), 403);
    assert.equal((await fetch(`${server.endpoint}/2015-03-31/functions`)).status, 200);
  } finally {
    assert.equal(await server.stop(), 0);
  }
});
