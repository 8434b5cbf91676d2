import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { World } from '@millrace/world';
import { createSecureContext } from 'node:tls';
import { ConfigurationError } from './configuration.ts';
import { makeSelfSigned } from './listen/self-signed.ts';

/**
 * The certificate the operator named, or a self-signed one kept in the data directory: it stands there once the server is ready,
 * so that clients can trust it before they call. Throws ConfigurationError when the named ones cannot serve.
 */
export async function certificateOf(at: {
  world: World;
  directory: string;
  host: string;
  certFile: string | undefined;
  keyFile: string | undefined;
}): Promise<{ cert: string; key: string }> {
  const { world, directory, certFile, keyFile } = at;
  if (certFile !== undefined && keyFile !== undefined) return readNamed(certFile, keyFile);
  const path = join(directory, 'keys/self-signed.pem');
  if (!(await world.disk.exists(path))) {
    const made = makeSelfSigned(at.host, world.clock.now());
    const file = await world.disk.open(`${path}.draft`, 'write');
    await file.truncate(0);
    await file.write([Buffer.from(made.cert + made.key)], 0);
    await file.datasync();
    await file.close();
    await world.disk.rename(`${path}.draft`, path);
  }
  const both = await readFile(path, 'utf8');
  const split = both.indexOf('-----BEGIN PRIVATE KEY');
  return { cert: both.slice(0, split), key: both.slice(split) };
}

async function readNamed(certFile: string, keyFile: string): Promise<{ cert: string; key: string }> {
  try {
    const named = { cert: await readFile(certFile, 'utf8'), key: await readFile(keyFile, 'utf8') };
    createSecureContext(named);
    return named;
  } catch (error) {
    throw new ConfigurationError(`--tls-cert and --tls-key: ${(error as Error).message}`, { cause: error });
  }
}
