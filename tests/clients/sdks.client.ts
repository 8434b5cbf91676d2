/** Unmodified AWS SDKs in languages whose compilers not every machine has: Go v2 and Rust. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { connect } from 'node:tls';
import { promisify } from 'node:util';
import { startServer } from '../../tools/server-process.ts';
import { goStory, rustStory } from './environments.ts';

const run = promisify(execFile);
const timeout = 900_000;

/** Starts a server; answers its endpoint by each scheme, and the file of its certificate, which the story pins. */
async function serve(t: TestContext): Promise<{ endpoints: Record<'http' | 'https', string>; certificate: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-sdks-'));
  const server = await startServer(['--transition-ms', '50', '--data', directory]);
  t.after(async () => {
    assert.equal(await server.stop(), 0, server.log());
    await rm(directory, { recursive: true });
  });
  const https = server.endpoint.replace('http', 'https');
  // The certificate is made for the first who asks for TLS.
  const socket = connect({ port: Number(new URL(https).port), host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  socket.destroy();
  return { endpoints: { http: server.endpoint, https }, certificate: join(directory, 'keys/self-signed.pem') };
}

const goWays = [
  { name: 'HTTP/1.1', scheme: 'http', protocol: 'HTTP/1.1' },
  { name: 'HTTP/2 with prior knowledge', scheme: 'http', protocol: 'HTTP/2.0' },
  { name: 'TLS and HTTP/1.1', scheme: 'https', protocol: 'HTTP/1.1' },
  { name: 'TLS and HTTP/2 by ALPN', scheme: 'https', protocol: 'HTTP/2.0' },
] as const;

for (const { name, scheme, protocol } of goWays)
  test(`Go v2 over ${name}: records, fan-out, resharding, errors, pages, the neighbours`, { timeout }, async (t) => {
    const program = await goStory();
    const { endpoints, certificate } = await serve(t);
    const { stdout } = await run(program, [endpoints[scheme], protocol, certificate]);
    assert.match(stdout, /go story passed/);
  });

for (const [name, scheme] of [
  ['HTTP/1.1', 'http'],
  ['TLS', 'https'],
] as const)
  test(`Rust over ${name}: records, fan-out, resharding, errors, pages`, { timeout }, async (t) => {
    const program = await rustStory();
    const { endpoints, certificate } = await serve(t);
    const { stdout } = await run(program, [endpoints[scheme], certificate]);
    assert.match(stdout, /rust story passed/);
  });
