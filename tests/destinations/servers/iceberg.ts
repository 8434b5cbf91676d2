import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { once, pythonEnvironment } from '../../clients/environments.ts';
import type { RunningChild } from './child.ts';
import { javaServer, startJava } from './java.ts';
import type { RunningS3 } from './s3.ts';

const run = promisify(execFile);
const python = join(import.meta.dirname, '../python');

/** From Maven Central; its version is in the POM. */
export const icebergCatalog = javaServer('iceberg', 'IcebergCatalog', ['-Xmx512m', '-XX:TieredStopAtLevel=1']);

export interface IcebergOptions {
  /** Where tables' files lie, in the bucket that `warehouse` names, which has to be there. */
  readonly s3: RunningS3;
  /** s3://bucket/prefix */
  readonly warehouse: string;
}

export interface RunningIceberg extends Pick<RunningChild, 'pause' | 'resume' | 'log' | 'stop'> {
  /** The catalog's URI; /v1/config is below it. */
  readonly endpoint: string;
  /** What every request bears: `Authorization: Bearer TOKEN`. */
  readonly token: string;
  /** A script with pyiceberg: `catalog` is opened, `arguments` is what was given; what it prints is parsed as JSON. */
  python(script: string, argument?: unknown): Promise<unknown>;
  /** The rows of a table as pyiceberg reads them, each a JSON object; in no order. */
  rows(table: string): Promise<Record<string, unknown>[]>;
}

/** pyiceberg beside the Python of the clients' tests: the folder to put on PYTHONPATH. */
export async function pyicebergFolder(): Promise<string> {
  const requirements = join(python, 'requirements.txt');
  const folder = join(import.meta.dirname, '../../../.cache/pyiceberg');
  const bin = await pythonEnvironment();
  await once(folder, readFileSync(requirements, 'utf8'), async () => {
    const options = ['-q', '--no-deps', '--target', folder, '-r', requirements];
    await run(join(bin, 'python'), ['-m', 'pip', 'install', ...options], { maxBuffer: 1 << 26 });
  });
  return folder;
}

/** Iceberg's own REST catalog: tables are known as long as it runs, their files are in S3. */
export async function startIceberg({ s3, warehouse }: IcebergOptions): Promise<RunningIceberg> {
  const token = randomBytes(16).toString('hex');
  const env = { ...s3.env, CATALOG_TOKEN: token };
  const running = await startJava(icebergCatalog, () => ['0', warehouse, s3.endpoint], { env });
  const { port, pause, resume, log, stop } = running;
  const endpoint = `http://127.0.0.1:${port}`;
  const properties = {
    type: 'rest',
    uri: endpoint,
    token,
    warehouse,
    's3.endpoint': s3.endpoint,
    's3.access-key-id': s3.accessKeyId,
    's3.secret-access-key': s3.secretAccessKey,
    's3.region': s3.region,
    'py-io-impl': 'pyiceberg.io.pyarrow.PyArrowFileIO',
  };
  const runPython = async (script: string, argument: unknown = null): Promise<unknown> => {
    const [bin, folder] = await Promise.all([pythonEnvironment(), pyicebergFolder()]);
    const input = JSON.stringify({ properties, argument });
    const main = join(python, 'with_catalog.py');
    const { stdout } = await run(join(bin, 'python'), ['-W', 'ignore', main, script, input], {
      env: { ...process.env, PYTHONPATH: folder },
      maxBuffer: 1 << 28,
    });
    return JSON.parse(stdout) as unknown;
  };
  return {
    endpoint,
    token,
    python: runPython,
    async rows(table) {
      const rows = await runPython('print_rows(catalog.load_table(argument).scan().to_arrow())', table);
      return rows as Record<string, unknown>[];
    },
    pause,
    resume,
    log,
    stop,
  };
}
