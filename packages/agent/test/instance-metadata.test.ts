/** The instance metadata service as EC2 has it: nothing without a token, 404 for what is not there. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { createAskInstance } from '../src/instance-metadata.ts';

test('a token is fetched once and shown; what is not there is undefined; disabled is an error', async (context) => {
  const asked: string[] = [];
  const service = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const isToken = request.method === 'PUT' && request.url === '/latest/api/token';
    const isAllowed = isToken
      ? Number(request.headers['x-aws-ec2-metadata-token-ttl-seconds']) > 0
      : request.headers['x-aws-ec2-metadata-token'] === 'token';
    const answers: Readonly<Record<string, string>> = {
      '/latest/meta-data/instance-id': 'i-1',
      '/latest/api/token': 'token',
    };
    const answer = answers[request.url ?? ''];
    response.writeHead(isAllowed ? (answer === undefined ? 404 : 200) : 401).end(answer);
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  context.after(() => service.close());
  const endpoint = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
  const ask = createAskInstance({ AWS_EC2_METADATA_SERVICE_ENDPOINT: endpoint });
  assert.equal(await ask('meta-data/instance-id'), 'i-1');
  assert.equal(await ask('meta-data/tags/instance'), undefined);
  assert.deepEqual(asked, [
    'PUT /latest/api/token',
    'GET /latest/meta-data/instance-id',
    'GET /latest/meta-data/tags/instance',
  ]);
  await assert.rejects(createAskInstance({ AWS_EC2_METADATA_DISABLED: 'true' })('meta-data/instance-id'), /DISABLED/);
});
