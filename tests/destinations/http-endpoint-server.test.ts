/** The strict HTTP endpoint itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { startHttpEndpoint } from './servers/http-endpoint.ts';
import type { RunningEndpoint } from './servers/http-endpoint.ts';

const requestId = '3e4f2a1c-7a5f-4a9e-9a51-0c3cf5d0d7a1';
const sourceArn = 'arn:aws:firehose:us-east-1:000000000000:deliverystream/d';

function post(endpoint: RunningEndpoint, body: Buffer | string, more: Record<string, string> = {}): Promise<Response> {
  return fetch(endpoint.endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-amz-firehose-protocol-version': '1.0',
      'x-amz-firehose-request-id': requestId,
      'x-amz-firehose-source-arn': sourceArn,
      ...more,
    },
    body: typeof body === 'string' ? body : new Uint8Array(body),
  });
}

test('the endpoint takes what keeps the protocol and nothing else', async () => {
  const accessKey = 'open sesame';
  const commonAttributes = { site: 'here', stage: 'beta' };
  const endpoint = await startHttpEndpoint({ accessKey, commonAttributes, isGzip: true });
  const good = { requestId, timestamp: Date.now(), records: [{ data: 'b25l' }, { data: '' }] };
  const headers = {
    'content-encoding': 'gzip',
    'x-amz-firehose-access-key': accessKey,
    'x-amz-firehose-common-attributes': JSON.stringify({ commonAttributes }),
  };
  const body = gzipSync(JSON.stringify(good));
  try {
    const answer = await post(endpoint, body, headers);
    assert.equal(answer.status, 200);
    assert.equal(((await answer.json()) as { requestId: string }).requestId, requestId);
    assert.deepEqual(endpoint.records.map(String), ['one', '']);
    const wrongHeaders: Record<string, string>[] = [
      { 'content-type': 'text/plain' },
      { 'x-amz-firehose-access-key': 'guessed' },
      { 'x-amz-firehose-request-id': 'no GUID' },
      { 'x-amz-firehose-source-arn': 'd' },
      { 'x-amz-firehose-protocol-version': '2.0' },
      { 'x-amz-firehose-common-attributes': '{"commonAttributes":{"site":"here"}}' },
    ];
    for (const each of wrongHeaders) assert.equal((await post(endpoint, body, { ...headers, ...each })).status, 400);
    const wrongBodies = [
      'no JSON',
      JSON.stringify({ ...good, records: [] }),
      JSON.stringify({ ...good, records: [{ data: 'no base64' }] }),
      JSON.stringify({ ...good, records: [{ data: 'b25l', more: 1 }] }),
      JSON.stringify({ ...good, timestamp: Math.floor(Date.now() / 1000) }),
      JSON.stringify({ ...good, requestId: 'another' }),
      JSON.stringify({ ...good, deliveryStream: 'd' }),
      // The same id, other records.
      JSON.stringify({ ...good, records: [{ data: 'dHdv' }] }),
    ];
    for (const each of wrongBodies) assert.equal((await post(endpoint, gzipSync(each), headers)).status, 400, each);
    assert.equal((await post(endpoint, JSON.stringify(good), headers)).status, 400);
    assert.equal(endpoint.requests.length, 1);
    // A header alone may break two rules: a request id that is none is not that of the body either.
    assert.ok(endpoint.violations.length >= wrongHeaders.length + wrongBodies.length + 1);
  } finally {
    await endpoint.stop();
  }
});
