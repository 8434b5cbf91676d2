/** Functions in processes and at endpoints that do what they should not: nothing of it is more than the call's failure. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { openInvoker } from '@millrace/functions';
import type { Call, Invoked, Invoker } from '@millrace/functions';
import { realWorld } from '@millrace/world';

const code = `
import { spawn } from 'node:child_process';
import { closeSync, writeSync } from 'node:fs';
export const echo = async (event) => event;
export const bytes = async (hex) => { writeSync(4, Buffer.from(hex, 'hex')); return 'never'; };
export const closes = async () => { closeSync(4); return 'never'; };
export const answers = async (letters) => 'x'.repeat(letters);
export const logs = async (letters) => { console.log('x'.repeat(letters)); return letters; };
export const floods = async (lines) => { for (let n = 0; n < lines; n += 1) console.log(n); return lines; };
export const throws = async (letters) => { throw new Error('x'.repeat(letters)); };
export const waits = (ms) => new Promise((done) => setTimeout(done, ms, process.pid));
export const endsLater = async () => { setTimeout(() => process.exit(3), 20); return process.pid; };
export const leaves = async () => { const { pid } = spawn('sleep', ['600'], { stdio: 'ignore' }); console.log('left ' + pid); process.exit(1); };
export const saysAndExits = async () => { console.log('last words'); process.exit(9); };
`;

let folder: string;
let invoker: Invoker;
const lines: string[] = [];
const world = realWorld();

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-runtime-'));
  await writeFile(join(folder, 'f.mjs'), code);
  invoker = openInvoker({ world, processes: 2, line: (_name, line) => lines.push(line) });
});
after(async () => {
  await invoker.stop();
  await rm(folder, { recursive: true });
});

function callOf(handler: string, event: unknown, others: Partial<Call['runnable']> = {}): Call {
  const target = {
    ...({ kind: 'module', directory: folder, path: join(folder, 'f.mjs'), handler, spelled: handler } as const),
    environment: {},
  };
  const runnable = { key: handler, revision: '1', arn: 'arn', name: handler, region: 'us-east-1', target };
  const payload = Buffer.from(JSON.stringify(event));
  return { requestId: 'r', payload, runnable: { ...runnable, timeoutMs: 30_000, memoryMib: 3008, ...others } };
}

const run = (handler: string, event: unknown): Promise<Invoked> => invoker.invoke(callOf(handler, event));
const textOf = ({ payload }: Invoked): string => payload.toString();

describe('a function that does what it should not', () => {
  test('writes what is no message to its own channel: it ends, and the server does not notice', async () => {
    const frame = (header: string): string => {
      const head = Buffer.alloc(8);
      head.writeUInt32BE(4 + header.length, 0);
      head.writeUInt32BE(header.length, 4);
      return Buffer.concat([head, Buffer.from(header)]).toString('hex');
    };
    const garbage = ['ffffffff00000003', '0000000100000003', '0000000800000009aaaaaaaa', '000000050000000101'];
    for (const hex of [...garbage, frame('null'), frame('{"type":"other"}'), frame('{"type":"done","maxBytes":"1"}')]) {
      const invoked = await run('bytes', hex);
      assert.equal(invoked.functionError, 'Unhandled', hex);
      assert.match(textOf(invoked), /Runtime\.ExitError/);
    }
    assert.match(textOf(await run('closes', 0)), /Runtime\.ExitError/);
    assert.equal(textOf(await run('echo', 5)), '5');
  });

  test('has 2 GiB of memory or more, and is not ended for using a little', async () => {
    for (const memoryMib of [2048, 4096, 10_240]) {
      const { functionError } = await invoker.invoke(callOf('waits', 350, { memoryMib, revision: String(memoryMib) }));
      assert.equal(functionError, undefined, `${memoryMib} MiB`);
    }
  });

  test('answers, logs or throws a hundred megabytes: the server never holds them', async () => {
    const before = process.memoryUsage.rss();
    const most = { rss: before };
    const timer = setInterval(() => (most.rss = Math.max(most.rss, process.memoryUsage.rss())), 5);
    const answered = await run('answers', 100_000_000);
    assert.match(textOf(answered), /"errorType":"Function.ResponseSizeTooLarge"/);
    assert.match(textOf(answered), /\(100000002 bytes\) exceeded maximum allowed payload size \(6291556 bytes\)/);
    const thrown = await run('throws', 100_000_000);
    assert.ok(thrown.functionError === 'Unhandled' && thrown.payload.length < 200_000);
    const from = lines.length;
    assert.equal(textOf(await run('logs', 20_000_000)), '20000000');
    const logged = lines
      .splice(from)
      .reduce((sum, line) => sum + (/^(?:.*INFO\t)?(x*)$/.exec(line)?.[1]?.length ?? 0), 0);
    assert.equal(logged, 20_000_000);
    clearInterval(timer);
    assert.ok(most.rss - before < 90 << 20, `${(most.rss - before) >> 20} MiB more`);
    // What is as large as an answer may be is one.
    assert.equal((await run('answers', 6_291_554)).payload.length, 6_291_556);
  });

  test('logs very many lines: all of them arrive, and the tail is the last of them', async () => {
    const from = lines.length;
    const { logTail } = await run('floods', 50_000);
    assert.equal(lines.splice(from).filter((line) => /INFO\t\d+$/.test(line)).length, 50_000);
    assert.ok(logTail.length <= 4096 && logTail.includes('INFO\t49999\n'));
  });

  test('ends its process while it rests: the next event has another', async () => {
    const pid = textOf(await run('endsLater', 0));
    while (isAlive(Number(pid))) await new Promise((resolve) => setTimeout(resolve, 5));
    const again = await run('endsLater', 0);
    assert.equal(again.functionError, undefined);
    assert.notEqual(textOf(again), pid);
  });

  test('leaves processes behind: they end with it', async () => {
    await run('leaves', 0);
    const pid = Number(lines.map((line) => /left (\d+)$/.exec(line)?.[1]).findLast((found) => found !== undefined));
    assert.ok(pid > 0);
    while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 5));
  });

  test('exits at once after its last line: the line is there', async () => {
    const { logTail } = await run('saysAndExits', 0);
    assert.match(logTail.toString(), /last words/);
  });
});

const crowded = `
import { closeSync, openSync } from 'node:fs';
import { openInvoker } from '@millrace/functions';
import { realWorld } from '@millrace/world';
const invoker = openInvoker({ world: realWorld(), processes: 2, line: () => undefined });
const [directory, path] = [process.env.FOLDER, process.env.FOLDER + '/f.mjs'];
const target = { kind: 'module', directory, path, handler: 'echo', spelled: 'echo', environment: {} };
const runnable = { key: 'k', revision: '1', arn: 'arn', name: 'f', region: 'us-east-1', timeoutMs: 30_000, memoryMib: 128, target };
const call = () =>
  invoker.invoke({ requestId: 'r', payload: Buffer.from('1'), runnable }).then(({ payload }) => payload.toString(), ({ name }) => name);
const held = [];
try { for (;;) held.push(openSync('/dev/null', 'r')); } catch {}
const answers = [await call(), await call()];
for (const descriptor of held) closeSync(descriptor);
answers.push(await call());
await invoker.stop();
console.log(answers.join());`;

test('a system without descriptors for a process: the call is refused, the server goes on', async () => {
  const command = `ulimit -n 64; exec '${process.execPath}' --conditions=source --input-type=module -e "$PROGRAM"`;
  const env = { ...process.env, PROGRAM: crowded, FOLDER: folder };
  const { stdout } = await promisify(execFile)('sh', ['-c', command], { env, cwd: import.meta.dirname });
  assert.equal(stdout.trim(), 'ServiceException,ServiceException,1');
});

describe('an endpoint that does what it should not', () => {
  test('never answers: the function has timed out, a server that stops does not wait, too many are refused', async () => {
    const server = createServer(() => undefined);
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const target = { kind: 'http', url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` } as const;
    const hanging = openInvoker({ world, processes: 1, line: () => undefined });
    const late = await hanging.invoke(callOf('f', 0, { target, timeoutMs: 100 }));
    assert.match(textOf(late), /Sandbox\.Timedout.*after 0\.10 seconds/);
    const waiting = Array.from({ length: 1000 }, () => hanging.invoke(callOf('f', 0, { target, timeoutMs: 900_000 })));
    const all = Promise.allSettled(waiting);
    await assert.rejects(hanging.invoke(callOf('f', 0, { target })), { name: 'TooManyRequestsException' });
    const began = performance.now();
    await hanging.stop();
    assert.ok((await all).every(({ status }) => status === 'rejected'));
    assert.ok(performance.now() - began < 10_000);
    server.closeAllConnections();
    server.close();
  });

  test('has as many bytes under way as there may be: the next call is refused', async () => {
    const server = createServer(() => undefined);
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const target = { kind: 'http', url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` } as const;
    const hanging = openInvoker({ world, processes: 1, line: () => undefined });
    const payload = Buffer.alloc(6_000_000, '1');
    const call = { ...callOf('f', 0, { target }), payload };
    const all = Promise.allSettled(Array.from({ length: 60 }, () => hanging.invoke(call)));
    await assert.rejects(hanging.invoke(call), { name: 'TooManyRequestsException' });
    await hanging.stop();
    await all;
    server.closeAllConnections();
    server.close();
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
