/** A real server delivering to a strict search cluster over HTTP, which drops answers and refuses; killed with -9 meanwhile. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { SearchCluster } from '../../packages/firehose/test/search-cluster.ts';
import { startServer } from '../../tools/server-process.ts';
import { untilTrue } from '../clients/environments.ts';
import { firehoseCaller, untilDelivering } from './caller.ts';

test('records become documents once, through answers that are lost and a kill', { timeout: 60_000 }, async () => {
  const data = await mkdtemp(join(tmpdir(), 'millrace-search-'));
  const cluster = new SearchCluster();
  let requests = 0;
  const listening = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      requests += 1;
      const { method, url, headers } = request;
      const answer = cluster.take({
        method: method as 'POST',
        url: `http://cluster${url}`,
        headers: headers as Record<string, string>,
        body: Buffer.concat(pieces),
      });
      // Of the first bulks nobody hears that they were taken.
      if (requests <= 2) request.socket.destroy();
      else response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body);
    });
  });
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  const { port } = listening.address() as AddressInfo;
  const domains = `tests=http://user:word@127.0.0.1:${port}/search`;
  const start = (): ReturnType<typeof startServer> =>
    startServer(['--data', data, '--transition-ms', '0', '--search-domains', domains]);
  let server = await start();
  try {
    const call = firehoseCaller(server.endpoint);
    await call('CreateDeliveryStream', {
      DeliveryStreamName: 'd',
      ElasticsearchDestinationConfiguration: {
        RoleARN: 'arn:aws:iam::000000000000:role/r',
        DomainARN: 'arn:aws:es:us-east-1:000000000000:domain/tests',
        IndexName: 'logs',
        IndexRotationPeriod: 'NoRotation',
        BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 0 },
        S3Configuration: { RoleARN: 'arn:aws:iam::000000000000:role/r', BucketARN: 'arn:aws:s3:::logs' },
      },
    });
    await untilDelivering(call, 'd');
    const numbers = Array.from({ length: 300 }, (_, n) => n);
    const Records = numbers.map((n) => ({ Data: Buffer.from(JSON.stringify({ n })).toString('base64') }));
    await call('PutRecordBatch', { DeliveryStreamName: 'd', Records });
    await untilTrue(() => requests > 0, 'the first bulk');
    assert.equal(await server.stop('SIGKILL'), null);
    server = await start();
    await untilTrue(() => requests > 2 && cluster.documents.size === numbers.length, 'every document');
    assert.deepEqual(
      cluster.sources('logs').map(({ n }) => n),
      numbers,
    );
    assert.equal(cluster.requests[0]!.url, 'http://cluster/search/_bulk');
    const [{ headers }] = cluster.requests as [(typeof cluster.requests)[0]];
    assert.equal(headers['authorization'], `Basic ${Buffer.from('user:word').toString('base64')}`);
    assert.deepEqual(cluster.wrong, []);
  } finally {
    assert.equal(await server.stop(), 0, server.log());
    listening.closeAllConnections();
    await new Promise((resolve) => listening.close(resolve));
    await rm(data, { recursive: true, force: true });
  }
});
