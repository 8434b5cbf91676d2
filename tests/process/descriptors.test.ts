/** A server that has run out of file descriptors. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { cli, startServer } from '../../tools/server-process.ts';
import { kinesisCaller } from './caller.ts';
import { Ledger } from './ledger.ts';

test('without file descriptors to spare it lives, loses nothing, and goes on when there are some again', async () => {
  const data = await mkdtemp(join(tmpdir(), 'millrace-descriptors-'));
  const server = await startServer(['--data', data, '--limits', 'none', '--transition-ms', '0', '--hot-mib', '4'], {
    command: ['sh', '-c', 'ulimit -n 80 && exec "$0" "$@"', process.execPath, cli],
  });
  const ledger = new Ledger();
  const call = kinesisCaller(server.endpoint);
  await ledger.createStream(call);
  // Its connections are open before the descriptors are gone.
  const load = ledger.write(call);
  await ledger.untilTotal(2000);
  const { hostname, port } = new URL(server.endpoint);
  const crowd: Socket[] = [];
  let refused = 0;
  for (let n = 0; n < 300; n += 1) {
    const socket = connect(Number(port), hostname);
    socket.on('error', () => (refused += 1));
    crowd.push(socket);
  }
  await ledger.untilTotal(ledger.total + 20_000);
  for (const socket of crowd) socket.destroy();
  await Promise.all(crowd.filter(({ closed }) => !closed).map((socket) => once(socket, 'close')));
  await ledger.untilTotal(ledger.total + 2000);
  ledger.stop();
  await load;
  await ledger.check(kinesisCaller(server.endpoint));
  assert.equal(await server.stop(), 0, server.log());
  const again = await startServer(['--data', data, '--limits', 'none']);
  await ledger.check(kinesisCaller(again.endpoint));
  assert.equal(await again.stop(), 0);
  await rm(data, { recursive: true, force: true });
});
