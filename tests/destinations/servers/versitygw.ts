import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort, untilListening } from '../../../benchmarks/candidates.ts';
import { once } from '../../clients/environments.ts';
import { startChild } from './child.ts';
import type { ChildOptions, RunningChild } from './child.ts';
import { runningS3 } from './s3.ts';
import type { RunningS3, S3Access } from './s3.ts';

const run = promisify(execFile);
const version = 'v1.8.0';
const folder = join(import.meta.dirname, '../../../.cache/versitygw');

/** The program, built once by Go into .cache, which takes minutes. */
export async function versitygwProgram(): Promise<string> {
  const module = `github.com/versity/versitygw/cmd/versitygw@${version}`;
  await once(folder, module, async () => {
    await run('go', ['install', module], { env: { ...process.env, GOBIN: folder }, maxBuffer: 1 << 26 });
  });
  return join(folder, 'versitygw');
}

export interface VersitygwOptions extends ChildOptions {
  /** With those of a stopped one, and its directory, it is there again. */
  readonly port?: number;
  readonly keys?: Pick<S3Access, 'accessKeyId' | 'secretAccessKey'>;
  readonly region?: string;
}

export interface RunningVersitygw extends RunningS3, Pick<RunningChild, 'pause' | 'resume' | 'log'> {
  readonly port: number;
}

/**
 * Versity's S3 gateway over a folder: it enforces signatures, If-None-Match, multipart uploads and ranges, as S3 does. Each
 * has a secret of its own.
 */
export async function startVersitygw(options: VersitygwOptions = {}): Promise<RunningVersitygw> {
  const { region = 'us-east-1' } = options;
  const [program, port] = [await versitygwProgram(), options.port ?? (await freePort())];
  const keys = options.keys ?? { accessKeyId: 'millrace', secretAccessKey: randomBytes(24).toString('base64url') };
  const running = await startChild(
    'versitygw',
    async (directory) => {
      const data = join(directory, 'data');
      await mkdir(data, { recursive: true });
      return {
        program,
        args: ['--port', `127.0.0.1:${port}`, '--region', region, 'posix', data],
        env: { ROOT_ACCESS_KEY: keys.accessKeyId, ROOT_SECRET_KEY: keys.secretAccessKey },
      };
    },
    async ({ child }) => {
      await untilListening(port, child);
      return true;
    },
    options,
  );
  const access = { endpoint: `http://127.0.0.1:${port}`, region, ...keys };
  const { pause, resume, log } = running;
  const stop = (): Promise<void> => {
    // It waits ten seconds for connections that are kept alive; what it keeps is in its files.
    running.child.kill('SIGKILL');
    return running.stop();
  };
  return { ...runningS3(access, stop), port, pause, resume, log };
}
