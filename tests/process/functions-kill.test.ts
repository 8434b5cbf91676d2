/** kill -9 while events wait: each of them runs, at least once. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import { startServer } from '../../tools/server-process.ts';

test('what was answered 202 runs after kill -9', { timeout: 120_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-functions-kill-'));
  const written = join(folder, 'written');
  await writeFile(
    join(folder, 'writes.mjs'),
    `import { appendFileSync } from 'node:fs';
     export const handler = async (event) => {
       await new Promise((resolve) => setTimeout(resolve, 20));
       appendFileSync(${JSON.stringify(written)}, event + '\\n');
     };`,
  );
  const config = join(folder, 'config.json');
  await writeFile(config, JSON.stringify({ functions: [{ name: 'writes', module: './writes.mjs' }] }));
  const args = ['--data', join(folder, 'data'), '--config', config, '--function-processes', '2'];
  const done = async (): Promise<Set<string>> =>
    new Set((await readFile(written, 'utf8').catch(() => '')).split('\n').slice(0, -1));
  const sent: string[] = [];
  try {
    for (let round = 0; round < 3; round += 1) {
      const server = await startServer(args);
      const path = `${server.endpoint}/2015-03-31/functions/writes/invocations`;
      for (let n = 0; n < 40; n += 1) {
        const event = String(sent.length);
        const answer = await fetch(path, {
          method: 'POST',
          headers: { 'x-amz-invocation-type': 'Event' },
          body: event,
        });
        assert.equal(answer.status, 202);
        sent.push(event);
      }
      await server.stop('SIGKILL');
    }
    assert.ok((await done()).size < sent.length, 'the kill came after all was done: it shows nothing');
    const server = await startServer(args);
    while ((await done()).size < sent.length) await sleep(50);
    assert.equal(await server.stop(), 0);
    assert.deepEqual(
      [...(await done())].map(Number).toSorted((a, b) => a - b),
      sent.map(Number),
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a function that never ends does not outlive a server that was killed', { timeout: 60_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-functions-orphan-'));
  const pidFile = join(folder, 'pid');
  await writeFile(
    join(folder, 'loops.mjs'),
    `import { writeFileSync } from 'node:fs';
     export const handler = () => { writeFileSync(${JSON.stringify(pidFile)}, String(process.pid)); for (;;); };`,
  );
  const config = join(folder, 'config.json');
  await writeFile(config, JSON.stringify({ functions: [{ name: 'loops', module: './loops.mjs' }] }));
  try {
    const server = await startServer(['--config', config, '--data', join(folder, 'data')]);
    const headers = { 'x-amz-invocation-type': 'Event' };
    await fetch(`${server.endpoint}/2015-03-31/functions/loops/invocations`, { method: 'POST', headers });
    const pid = async (): Promise<number> => Number(await readFile(pidFile, 'utf8').catch(() => ''));
    while ((await pid()) === 0) await sleep(20);
    await server.stop('SIGKILL');
    while (isAlive(await pid())) await sleep(50);
  } finally {
    await rm(folder, { recursive: true });
  }
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
