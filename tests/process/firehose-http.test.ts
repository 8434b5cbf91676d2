/** A real server delivering to a real HTTPS endpoint, which refuses now and then, answers late, and hangs. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startServer } from '../../tools/server-process.ts';
import { untilTrue } from '../clients/environments.ts';
import { firehoseCaller, untilDelivering } from './caller.ts';

test('records reach an HTTPS endpoint through refusals; what it says is heard', { timeout: 60_000 }, async () => {
  const data = await mkdtemp(join(tmpdir(), 'millrace-http-'));
  // The first life makes a certificate, which the endpoint uses, and Node trusts by its own variable.
  const maker = await startServer(['--data', data]);
  assert.equal(await maker.stop(), 0);
  const received = new Map<string, number>();
  let requests = 0;
  const pem = join(data, 'keys/self-signed.pem');
  // Key and certificate in one file.
  const identity = await readFile(pem);
  const endpoint = createServer({ cert: identity, key: identity }, (request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      requests += 1;
      const id = request.headers['x-amz-firehose-request-id'] as string;
      const isRefused = requests % 3 === 1;
      const body = JSON.parse(Buffer.concat(pieces).toString()) as { records: { data: string }[] };
      if (!isRefused) for (const { data: text } of body.records) received.set(text, (received.get(text) ?? 0) + 1);
      response.writeHead(isRefused ? 503 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ requestId: id, timestamp: Date.now() }));
    });
  });
  await new Promise<void>((resolve) => endpoint.listen(0, '127.0.0.1', resolve));
  const { port } = endpoint.address() as AddressInfo;
  const server = await startServer(['--data', data, '--transition-ms', '0'], { env: { NODE_EXTRA_CA_CERTS: pem } });
  try {
    const call = firehoseCaller(server.endpoint);
    await call('CreateDeliveryStream', {
      DeliveryStreamName: 'd',
      HttpEndpointDestinationConfiguration: {
        EndpointConfiguration: { Url: `https://127.0.0.1:${port}/in` },
        BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 0 },
        S3Configuration: { RoleARN: 'arn:aws:iam::000000000000:role/r', BucketARN: 'arn:aws:s3:::logs' },
      },
    });
    await untilDelivering(call, 'd');
    const texts = Array.from({ length: 300 }, (_, number) => Buffer.from(`record ${number}`).toString('base64'));
    for (let start = 0; start < texts.length; start += 100)
      await call('PutRecordBatch', {
        DeliveryStreamName: 'd',
        Records: texts.slice(start, start + 100).map((text) => ({ Data: text })),
      });
    await untilTrue(() => texts.every((text) => received.get(text) === 1), 'every record at the endpoint', 40_000);
  } finally {
    assert.equal(await server.stop(), 0, server.log());
    endpoint.closeAllConnections();
    await new Promise((resolve) => endpoint.close(resolve));
    await rm(data, { recursive: true, force: true });
  }
});
