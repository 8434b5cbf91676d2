/** The strict HTTP Event Collector itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { startSplunk } from './servers/splunk.ts';
import type { RunningSplunk } from './servers/splunk.ts';

const channel = 'FE0ECFAD-13D5-401B-847D-77833BD77131';

interface Sent {
  readonly path: string;
  readonly body: string | Buffer;
  readonly headers?: Record<string, string>;
}

async function send(splunk: RunningSplunk, { path, body, headers = {} }: Sent): Promise<[number, unknown]> {
  const answer = await fetch(`${splunk.endpoint}/services/collector${path}`, {
    method: 'POST',
    headers: { authorization: `Splunk ${splunk.token}`, ...headers },
    body: typeof body === 'string' ? body : new Uint8Array(body),
  });
  return [answer.status, await answer.json()];
}

const inChannel = { 'x-splunk-request-channel': channel };

test('the collector takes raw lines and events, and acknowledges each once', async () => {
  const splunk = await startSplunk();
  try {
    const raw = { path: '/raw?sourcetype=t', body: 'one\ntwo\n', headers: inChannel };
    assert.deepEqual(await send(splunk, raw), [200, { text: 'Success', code: 0, ackId: 0 }]);
    const body = gzipSync('{"event": {"n": 1}}{"event": "three", "time": 1}');
    const events = { path: `/event?channel=${channel}`, body, headers: { 'content-encoding': 'gzip' } };
    assert.deepEqual(await send(splunk, events), [200, { text: 'Success', code: 0, ackId: 1 }]);
    assert.deepEqual(splunk.events(), ['one', 'two', '{"n":1}', 'three']);
    assert.equal(splunk.requests[0]!.query['sourcetype'], 't');
    const ack = { path: `/ack?channel=${channel}`, body: '{"acks":[0,2]}' };
    assert.deepEqual(await send(splunk, ack), [200, { acks: { 0: true, 2: false } }]);
    assert.deepEqual(await send(splunk, ack), [200, { acks: { 0: false, 2: false } }]);
    const health = await fetch(`${splunk.endpoint}/services/collector/health`);
    assert.deepEqual(await health.json(), { text: 'HEC is healthy', code: 17 });
  } finally {
    await splunk.stop();
  }
});

test('the collector refuses by its codes', async () => {
  const splunk = await startSplunk();
  const path = '/event';
  try {
    const refused: [Sent, number, object][] = [
      [{ path, body: '{"event":1}', headers: { authorization: '' } }, 401, { text: 'Token is required', code: 2 }],
      [{ path, body: '', headers: { authorization: 'Bearer x' } }, 401, { text: 'Invalid authorization', code: 3 }],
      [{ path, body: '', headers: { authorization: 'Splunk x' } }, 403, { text: 'Invalid token', code: 4 }],
      [{ path, body: '{"event":1}' }, 400, { text: 'Data channel is missing', code: 10 }],
      [{ path: '/raw?channel=1', body: 'x' }, 400, { text: 'Invalid data channel', code: 11 }],
      [{ path: '/raw', body: '', headers: inChannel }, 400, { text: 'No data', code: 5 }],
      [{ path: '/ack', body: '{}', headers: inChannel }, 400, { text: 'Invalid data format', code: 6 }],
      [
        { path, body: '{"event":1}{"event":', headers: inChannel },
        400,
        { text: 'Invalid data format', code: 6, 'invalid-event-number': 1 },
      ],
      [
        { path, body: '{"event":1}{"time":2}', headers: inChannel },
        400,
        { text: 'Event field is required', code: 12, 'invalid-event-number': 1 },
      ],
      [
        { path, body: '{"event":""}', headers: inChannel },
        400,
        { text: 'Event field cannot be blank', code: 13, 'invalid-event-number': 0 },
      ],
    ];
    for (const [sent, status, body] of refused) assert.deepEqual(await send(splunk, sent), [status, body]);
    assert.deepEqual(splunk.requests, []);
  } finally {
    await splunk.stop();
  }
  const unacknowledging = await startSplunk({ hasAcknowledgement: false });
  try {
    assert.deepEqual(await send(unacknowledging, { path, body: '{"event":1}' }), [200, { text: 'Success', code: 0 }]);
    const ack = { path: '/ack', body: '{"acks":[0]}', headers: inChannel };
    assert.deepEqual(await send(unacknowledging, ack), [400, { text: 'ACK is disabled', code: 14 }]);
  } finally {
    await unacknowledging.stop();
  }
});

test('the collector is busy, late, silent, forgetful and refusing when told so', async () => {
  const splunk = await startSplunk();
  const one = { path: '/raw', body: 'one', headers: inChannel };
  const ack = { path: '/ack', body: '{"acks":[0,1,2,3]}', headers: inChannel };
  try {
    splunk.faults.busy = 1;
    assert.deepEqual(await send(splunk, one), [503, { text: 'Server is busy', code: 9 }]);
    splunk.faults.acknowledgeAfterMs = Number.POSITIVE_INFINITY;
    assert.deepEqual(await send(splunk, one), [200, { text: 'Success', code: 0, ackId: 0 }]);
    splunk.faults.acknowledgeAfterMs = 0;
    splunk.faults.silentSuccesses = 1;
    await assert.rejects(send(splunk, one));
    assert.equal(splunk.events().length, 2);
    splunk.faults.losesRequests = true;
    assert.deepEqual(await send(splunk, one), [200, { text: 'Success', code: 0, ackId: 2 }]);
    assert.equal(splunk.events().length, 2);
    assert.deepEqual(await send(splunk, ack), [200, { acks: { 0: false, 1: true, 2: false, 3: false } }]);
    splunk.faults.isTokenRefused = true;
    assert.deepEqual(await send(splunk, one), [403, { text: 'Invalid token', code: 4 }]);
    assert.deepEqual(
      [...splunk.codes()],
      [
        [9, 1],
        [0, 2],
        [4, 1],
      ],
    );
  } finally {
    await splunk.stop();
  }
});
