import assert from 'node:assert/strict';
import { startServer } from '../../tools/server-process.ts';
import { selfSigned } from './servers/identity.ts';
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
  const identity = await selfSigned();
  const { directory, env } = identity;
  const server = await startServer(['--data', directory, '--transition-ms', '0'], { env });
  return {
    endpoint: server.endpoint,
    directory,
    identity,
    async stop() {
      assert.equal(await server.stop(), 0, server.log());
      await identity.remove();
    },
  };
}
