import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AwsError, loadService } from '@millrace/model';
import { indexServices, openExchange, readInput, writeError, writeOutput } from '@millrace/protocol';
import type { Exchange, HttpRequest } from '@millrace/protocol';

const services = indexServices([loadService('kinesis'), loadService('lambda')]);

function request(method: string, url: string, body = '', headers: Record<string, string> = {}): HttpRequest {
  const [path = '', query = ''] = url.split('?');
  return {
    method,
    path,
    query,
    headers,
    body: Buffer.from(body),
    httpVersion: '1.1',
    secure: false,
    remoteAddress: '127.0.0.1',
    signal: new AbortController().signal,
    onAnswered: (run) => run(),
  };
}

function read(...args: Parameters<typeof request>): { name: string; input: unknown } {
  const asked = request(...args);
  const exchange = openExchange(asked, services);
  return { name: exchange.operation.name, input: readInput(exchange, asked) };
}

function exchangeOf(method: string, path: string): Exchange {
  return openExchange(request(method, path), services);
}

const answered = { requestId: 'r', room: undefined };
const mappings = '/2015-03-31/event-source-mappings';

describe('rest-json', () => {
  test('an operation is found by method and path; a label, a query and a body give the members', () => {
    assert.deepEqual(read('GET', `${mappings}?FunctionName=f&MaxItems=7`), {
      name: 'ListEventSourceMappings',
      input: { FunctionName: 'f', MaxItems: 7 },
    });
    const uuid = '14e0db71-5d35-4eb5-b481-8945cf9d10c2';
    assert.deepEqual(read('PUT', `${mappings}/${uuid}`, '{"BatchSize":5,"UUID":"other","Nothing":1}'), {
      name: 'UpdateEventSourceMapping',
      input: { UUID: uuid, BatchSize: 5 },
    });
    assert.equal(read('DELETE', `${mappings}/${uuid}/`).name, 'DeleteEventSourceMapping');
  });

  test('a function is named by its percent-encoded ARN; headers and the whole body are members', () => {
    const arn = 'arn:aws:lambda:us-east-1:000000000000:function:f';
    const { name, input } = read('POST', `/2015-03-31/functions/${encodeURIComponent(arn)}/invocations`, 'not JSON', {
      'x-amz-invocation-type': 'Event',
      'content-type': 'application/octet-stream',
    });
    assert.equal(name, 'Invoke');
    assert.deepEqual(input, { FunctionName: arn, InvocationType: 'Event', Payload: Buffer.from('not JSON') });
  });

  test('blobs in a body are base64, and the model is checked', () => {
    const body = { FunctionName: 'f', Role: 'arn:aws:iam::000000000000:role/r', Code: { ZipFile: 'UEs=' } };
    assert.deepEqual((read('POST', '/2015-03-31/functions', JSON.stringify(body)).input as typeof body).Code, {
      ZipFile: Buffer.from('PK'),
    });
    assert.throws(() => read('GET', `${mappings}?MaxItems=0`), { name: 'ValidationException' });
    assert.throws(() => read('GET', `${mappings}?MaxItems=many`), { name: 'SerializationException' });
    for (const wrong of ['{', '[]', '"text"', '7'])
      assert.throws(() => read('PUT', `${mappings}/u`, wrong), { name: 'SerializationException' }, wrong);
  });

  test('paths that are none, another method and a label that is not percent-encoded find nothing', () => {
    for (const [method, path] of [
      ['GET', '/2015-03-31/nothing'],
      ['PATCH', mappings],
      ['GET', `${mappings}/%ZZ`],
      ['GET', `${mappings}//`],
    ] as const)
      assert.throws(() => exchangeOf(method, path), { name: 'AccessDeniedException' }, path);
  });

  test('an answer has the status of its operation, or its own, with headers and a body of its own', () => {
    const created = writeOutput(exchangeOf('POST', mappings), { UUID: 'u', LastModified: 1_700_000_000_500 }, answered);
    assert.equal(created.status, 202);
    assert.equal(created.headers['content-type'], 'application/json');
    assert.equal(created.body, '{"LastModified":1700000000.5,"UUID":"u"}');
    const invoked = writeOutput(
      exchangeOf('POST', '/2015-03-31/functions/f/invocations'),
      { StatusCode: 202, FunctionError: 'Unhandled', Payload: Buffer.from('bytes') },
      answered,
    );
    assert.equal(invoked.status, 202);
    assert.equal(invoked.headers['x-amz-function-error'], 'Unhandled');
    assert.equal(String(invoked.body as Buffer), 'bytes');
  });

  test('an error is named by its header', () => {
    const error = new AwsError('ResourceNotFoundException', 'gone', 404, { members: { Type: 'User' } });
    const answer = writeError(error, { encoding: 'rest-json', requestId: 'r', service: loadService('lambda') });
    assert.equal(answer.status, 404);
    assert.equal(answer.headers['x-amzn-errortype'], 'ResourceNotFoundException');
    assert.deepEqual(JSON.parse(answer.body as string), { Type: 'User', message: 'gone' });
  });
});
