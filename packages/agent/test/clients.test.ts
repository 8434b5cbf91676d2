/** What the agent's clients do with a service that does not answer. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { test } from 'node:test';
import { Clients } from '../src/clients.ts';
import { readConfiguration } from '../src/configuration/configuration.ts';
import { putWith } from '../src/sending/aws-destinations.ts';

const halfAnswer = 'HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.1\r\ncontent-length: 100\r\n\r\n{';

for (const [what, answer] of [
  ['that never answers', ''],
  ['whose answer stops in its middle', halfAnswer],
] as const)
  test(`a service ${what} is waited for as long as was said`, { timeout: 10_000 }, async (context) => {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket.on('error', () => undefined));
      socket.once('data', () => socket.write(answer));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { options, flows } = readConfiguration(
      JSON.stringify({
        'kinesis.endpoint': endpoint,
        'firehose.endpoint': endpoint,
        awsAccessKeyId: 'a',
        awsSecretAccessKey: 'b',
        socketTimeoutMillis: 300,
        flows: [
          { filePattern: '/logs/a', kinesisStream: 's' },
          { filePattern: '/logs/a', deliveryStream: 's' },
        ],
      }),
    );
    const clients = new Clients(options, {});
    context.after(() => {
      clients.destroy();
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    for (const { destination } of flows)
      await assert.rejects(putWith(clients)(destination)([{ data: Buffer.from('x'), partitionKey: '1' }]));
  });
