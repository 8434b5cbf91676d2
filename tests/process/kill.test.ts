/**
 * A real server killed with -9 under load, again and again on one directory: every acknowledged record is there afterwards,
 * once per acknowledgement, whole and in order; records that were under way may or may not be.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startServer } from '../../tools/server-process.ts';
import { kinesisCaller } from './caller.ts';
import { Ledger } from './ledger.ts';

const rounds = Number(process.env['MILLRACE_KILL_ROUNDS'] ?? 8);

test(
  `kill -9 under load, ${rounds} times: no acknowledged record is lost, torn, doubled or out of order`,
  { timeout: 900_000 },
  async () => {
    const data = await mkdtemp(join(tmpdir(), 'millrace-kill-'));
    const ledger = new Ledger();
    const args = ['--data', data, '--limits', 'none', '--transition-ms', '0', '--hot-mib', '4'];
    try {
      for (let round = 0; round < rounds; round += 1) {
        const server = await startServer(args);
        const call = kinesisCaller(server.endpoint);
        if (round === 0) await ledger.createStream(call);
        const load = ledger.write(call);
        await ledger.untilTotal(ledger.total + 3000 + Math.floor(Math.random() * 3000));
        const exit = server.stop('SIGKILL');
        await load;
        assert.equal(await exit, null);
      }
      const server = await startServer(args);
      try {
        await ledger.check(kinesisCaller(server.endpoint));
      } finally {
        assert.equal(await server.stop(), 0);
      }
    } finally {
      await rm(data, { recursive: true, force: true });
    }
  },
);
