import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer } from '../../../tools/server-process.ts';
import type { TlsIdentity } from './web-server.ts';

/** A certificate of 127.0.0.1 for a strict server, and what makes Node trust it. */
export interface SelfSigned extends TlsIdentity {
  /** The data directory of a server that has it too. */
  readonly directory: string;
  /** For the environment of who is to call the server. */
  readonly env: { readonly NODE_EXTRA_CA_CERTS: string };
  remove(): Promise<void>;
}

/** The server's own: its first life makes one, key and certificate in one file. */
export async function selfSigned(): Promise<SelfSigned> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-identity-'));
  assert.equal(await (await startServer(['--data', directory])).stop(), 0);
  const pem = join(directory, 'keys/self-signed.pem');
  const identity = await readFile(pem);
  return {
    directory,
    key: identity,
    cert: identity,
    env: { NODE_EXTRA_CA_CERTS: pem },
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}
