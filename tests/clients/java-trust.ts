import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { promisify } from 'node:util';

const run = promisify(execFile);
const password = 'changeit';

/** What makes a JVM trust a server. */
export interface JavaTrust {
  /** Java's, as -Dname=value. */
  readonly properties: readonly string[];
  remove(): Promise<void>;
}

/**
 * A trust store that holds nothing but the certificate of the server on this port: clients check it, and the name in it, as
 * they check any other.
 */
export async function javaTrust(port: number): Promise<JavaTrust> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-trust-'));
  return { properties: await trustIn(folder, port), remove: () => rm(folder, { recursive: true }) };
}

/** The same in a folder that somebody else removes: Java's properties. */
export async function trustIn(folder: string, port: number): Promise<string[]> {
  const [certificate, store] = [join(folder, 'server.pem'), join(folder, 'trust.p12')];
  await writeFile(certificate, await certificateOf(port));
  const into = ['-keystore', store, '-storepass', password, '-storetype', 'PKCS12'];
  await run('keytool', ['-importcert', '-noprompt', '-alias', 'server', '-file', certificate, ...into]);
  return [`-Djavax.net.ssl.trustStore=${store}`, `-Djavax.net.ssl.trustStorePassword=${password}`];
}

/** The certificate a server shows, as PEM. */
async function certificateOf(port: number): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
  try {
    await once(socket, 'secureConnect');
    return socket.getPeerX509Certificate()!.toString();
  } finally {
    socket.destroy();
  }
}
