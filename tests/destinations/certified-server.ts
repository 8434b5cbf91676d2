import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer } from '../../tools/server-process.ts';
import type { TlsIdentity } from './servers/web-server.ts';

/** A server of ours that trusts a certificate which a destination may have. */
export interface CertifiedServer {
  readonly endpoint: string;
  readonly directory: string;
  readonly identity: TlsIdentity;
  /** Ends it, and looks that it ended well; its directory goes with it. */
  stop(): Promise<void>;
}

/** The first life makes the certificate; Node trusts it in the second by its own variable. */
export async function startCertifiedServer(): Promise<CertifiedServer> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-certified-'));
  assert.equal(await (await startServer(['--data', directory])).stop(), 0);
  const pem = join(directory, 'keys/self-signed.pem');
  const identity = await readFile(pem);
  const args = ['--data', directory, '--transition-ms', '0'];
  const server = await startServer(args, { env: { NODE_EXTRA_CA_CERTS: pem } });
  return {
    endpoint: server.endpoint,
    directory,
    identity: { key: identity, cert: identity },
    async stop() {
      assert.equal(await server.stop(), 0, server.log());
      await rm(directory, { recursive: true, force: true });
    },
  };
}
