import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { realWorld } from '@millrace/world';
import { openInvoker, readDeclared } from '@millrace/functions';
import type { Invoked } from '@millrace/functions';
import { declaredRunnable } from '../src/declared.ts';

async function run(entry: object, event: unknown): Promise<Invoked & { lines: string[] }> {
  const lines: string[] = [];
  const invoker = openInvoker({ world: realWorld(), processes: 2, line: (_name, line) => lines.push(line) });
  const [one] = readDeclared([{ name: 'f', ...entry }], (path) => path);
  const runnable = declaredRunnable(one!, '000000000000', 'us-east-1');
  try {
    const invoked = await invoker.invoke({ requestId: 'r-1', runnable, payload: Buffer.from(JSON.stringify(event)) });
    return { ...invoked, lines };
  } finally {
    await invoker.stop();
  }
}

const parsed = ({ payload }: Invoked): unknown => JSON.parse(payload.toString());

describe('declared functions', () => {
  test('a TypeScript module runs from disk in a process of its own, with its environment', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-module-'));
    const module = join(folder, 'doubles.ts');
    await writeFile(
      module,
      `export const api = { run: async (event: { n: number }): Promise<unknown> => {
        console.warn('seen', event.n);
        return { twice: event.n * 2, pid: process.pid, word: process.env['WORD'], secret: process.env['MILLRACE_TEST'] };
      } };`,
    );
    process.env['MILLRACE_TEST'] = 'of the server';
    const answer = await run({ module, handler: 'api.run', environment: { WORD: 'w' } }, { n: 4 });
    const { pid, ...rest } = parsed(answer) as { pid: number };
    assert.deepEqual(rest, { twice: 8, word: 'w' });
    assert.notEqual(pid, process.pid);
    assert.ok(answer.lines.some((line) => line.endsWith('\tr-1\tWARN\tseen 4')));
    await rm(folder, { recursive: true });
  });

  test('an HTTP endpoint of the runtime interface: answers, errors, time', async () => {
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        if (body === '"hang"') return;
        if (body === '"down"') response.statusCode = 500;
        if (body === '"throw"') response.end(JSON.stringify({ errorMessage: 'no', errorType: 'Error' }));
        else response.end(JSON.stringify({ path: request.url, got: JSON.parse(body) as unknown }));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      assert.deepEqual(parsed(await run({ url }, [1])), {
        path: '/2015-03-31/functions/function/invocations',
        got: [1],
      });
      assert.equal((await run({ url }, 'throw')).functionError, 'Unhandled');
      assert.match((await run({ url, timeoutSeconds: 1 }, 'hang')).payload.toString(), /Task timed out after 1.00 sec/);
      await assert.rejects(run({ url }, 'down'), { name: 'ServiceException', status: 502 });
    } finally {
      server.closeAllConnections();
      server.close();
    }
    await assert.rejects(run({ url }, 'gone'), { name: 'ServiceException', status: 502 });
  });

  test('what cannot be is refused by name', () => {
    const refused: [unknown, RegExp][] = [
      [{}, /functions: must be a list/],
      [[{ name: 'a b', url: 'http://x' }], /functions\[0\]\.name/],
      [[{ name: 'a' }], /needs one of module, url and aws/],
      [[{ name: 'a', url: 'http://x', aws: true }], /needs one of/],
      [[{ name: 'a', url: 'ftp://x' }], /url a URL/],
      [[{ name: 'a', url: 'http://x', memory: 1 }], /unknown memory/],
      [[{ name: 'a', url: 'http://x', timeoutSeconds: 901 }], /timeoutSeconds: must be a whole number from 1 to 900/],
      [[{ name: 'a', module: 'm', environment: { A: 1 } }], /environment: must be an object of texts/],
      [
        [
          { name: 'a', url: 'http://x' },
          { name: 'a', aws: true },
        ],
        /there are two functions a/,
      ],
    ];
    for (const [given, message] of refused) assert.throws(() => readDeclared(given, (path) => path), { message });
  });
});
