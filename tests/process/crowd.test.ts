/**
 * Many clients that do nothing, or do it slowly: a real server serves the others meanwhile. `npm run faults` has 10,000 of
 * them and waits until the slow ones are given up; listen.test.ts shows the same by virtual time.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { startServer } from '../../tools/server-process.ts';
import type { ServerProcess } from '../../tools/server-process.ts';
import { kinesisCaller, untilActive } from './caller.ts';
import type { Call } from './caller.ts';

const isWhole = process.env['MILLRACE_FAULTS'] === '1';
let data = '';
let server: ServerProcess;
let call: Call;
let sockets: Socket[] = [];

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'millrace-crowd-'));
  server = await startServer(['--data', data, '--limits', 'none', '--transition-ms', '0', '--hot-mib', '16']);
  call = kinesisCaller(server.endpoint);
  await call('CreateStream', { StreamName: 's', ShardCount: 1 });
  await untilActive(call, 's');
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets = [];
  assert.equal(await server.stop(), 0, server.log());
  await rm(data, { recursive: true, force: true });
});

async function crowd(count: number, begin: (socket: Socket) => void): Promise<void> {
  const { hostname, port } = new URL(server.endpoint);
  for (let at = 0; at < count; at += 500) {
    await Promise.all(
      Array.from({ length: Math.min(500, count - at) }, async () => {
        const socket = connect(Number(port), hostname);
        sockets.push(socket);
        await once(socket, 'connect');
        // The server may reset it: that is what is tested.
        socket.on('error', () => undefined);
        begin(socket);
      }),
    );
  }
}

async function residentMb(): Promise<number> {
  const status = await readFile(`/proc/${server.child.pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)![1]) / 1024;
}

async function serves(): Promise<void> {
  const Data = Buffer.from('hello').toString('base64');
  for (let n = 0; n < 50; n += 1) await call('PutRecord', { StreamName: 's', PartitionKey: 'k', Data });
}

const idle = isWhole ? 10_000 : 1000;
test(`${idle} idle connections cost little memory, and the others are served`, async () => {
  await serves();
  const before = await residentMb();
  await crowd(idle, () => undefined);
  await serves();
  const after = await residentMb();
  assert.ok(((after - before) * 1024) / idle < 20 + 20_000 / idle, `${after - before} MB more`);
});

for (const [name, bytes] of [
  ['heads that come a byte at a time', 'POST / HTTP/1.1\r\nHost: a\r\n'],
  ['bodies that never come', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4000\r\n\r\n'],
  ['half a TLS handshake', Buffer.from('1603010200010001fc0303', 'hex')],
] as const) {
  test(`${name}, 500 times: the others are served${isWhole ? ', and these are given up' : ''}`, async () => {
    let closed = 0;
    await crowd(500, (socket) => {
      socket.resume();
      socket.once('close', () => (closed += 1));
      socket.write(bytes);
    });
    const drip = setInterval(() => {
      if (name.startsWith('heads')) for (const socket of sockets) if (!socket.destroyed) socket.write('x');
    }, 1000);
    await serves();
    const began = performance.now();
    while (isWhole && closed < 500 && performance.now() - began < 80_000)
      await new Promise((resolve) => setTimeout(resolve, 50));
    clearInterval(drip);
    if (isWhole) assert.equal(closed, 500);
    await serves();
  });
}

test('consumers that never read cost no memory that grows with what is put', async () => {
  const { StreamDescriptionSummary: summary } = (await call('DescribeStreamSummary', { StreamName: 's' })) as {
    StreamDescriptionSummary: { StreamARN: string };
  };
  for (let n = 0; n < 5; n += 1) {
    const { Consumer: consumer } = (await call('RegisterStreamConsumer', {
      StreamARN: summary.StreamARN,
      ConsumerName: `c${n}`,
    })) as { Consumer: { ConsumerARN: string } };
    while (!JSON.stringify(await call('DescribeStreamConsumer', consumer)).includes('"ACTIVE"'));
    const body = JSON.stringify({
      ConsumerARN: consumer.ConsumerARN,
      ShardId: 'shardId-000000000000',
      StartingPosition: { Type: 'TRIM_HORIZON' },
    });
    await crowd(1, (socket) => {
      socket.write(
        `POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-amz-json-1.1\r\nX-Amz-Target: Kinesis_20131202.SubscribeToShard\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
    });
  }
  const Data = Buffer.alloc(50_000).toString('base64');
  const Records = Array.from({ length: 100 }, () => ({ PartitionKey: 'k', Data }));
  const put = (): Promise<unknown> => call('PutRecords', { StreamName: 's', Records });
  for (let n = 0; n < 20; n += 1) await put();
  const before = await residentMb();
  for (let n = 0; n < (isWhole ? 200 : 40); n += 1) await put();
  const grown = (await residentMb()) - before;
  assert.ok(grown < 150, `${grown} MB more`);
  await serves();
});
