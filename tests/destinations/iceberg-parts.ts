/** What an appender needs, over the test's own fetch and S3; and Iceberg's own reader of what it made. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { RestCatalog, TableAppender } from '@millrace/iceberg';
import type { AppenderParts, CatalogSender, TableFiles } from '@millrace/iceberg';
import { openFormats } from '@millrace/record-formats';
import { realWorld } from '@millrace/world';
import { javaClassPath } from '../clients/environments.ts';
import { icebergCatalog, startIceberg } from './servers/iceberg.ts';
import type { RunningIceberg } from './servers/iceberg.ts';
import type { RunningS3 } from './servers/s3.ts';
import { startVersitygw } from './servers/versitygw.ts';

const run = promisify(execFile);

export const never: AbortSignal = new AbortController().signal;

/** Requests by fetch. */
export const fetchSender: CatalogSender = {
  async send({ method, url, headers, body, timeoutMs, signal }) {
    const signals = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    const answer = await fetch(url, {
      method,
      headers,
      body: body === undefined ? null : Uint8Array.from(body),
      signal: signals,
    });
    return { status: answer.status, body: await answer.text() };
  },
};

/** Files by their locations `s3://bucket/key`. */
function filesIn(s3: RunningS3): TableFiles {
  const split = (location: string): [string, string] => {
    const { bucket, key } = /^s3:\/\/(?<bucket>[^/]+)\/(?<key>.+)$/.exec(location)!.groups!;
    return [bucket!, key!];
  };
  return {
    async put(location, body) {
      await s3.put(...split(location), Buffer.concat(body));
    },
    async read(location) {
      return await s3.get(...split(location));
    },
  };
}

/** Iceberg's own catalog over an S3, and appenders to its tables. */
export interface IcebergParts {
  readonly s3: RunningS3;
  readonly iceberg: RunningIceberg;
  readonly catalog: RestCatalog;
  /** The same catalog by another sender, or with another token. */
  catalogBy(sender: CatalogSender, token?: string): RestCatalog;
  appender(parts?: Partial<AppenderParts>): TableAppender;
  /** What java/iceberg/IcebergScan.java prints: of the filter, files where the column is at least the text. */
  scan(table: string, column: string, least: string): Promise<string[]>;
  stop(): Promise<void>;
}

export async function startIcebergParts(): Promise<IcebergParts> {
  const s3 = await startVersitygw();
  await s3.createBucket('lake');
  const iceberg = await startIceberg({ s3, warehouse: 's3://lake/warehouse' });
  const scratchFolder = await mkdtemp(join(tmpdir(), 'millrace-iceberg-'));
  const formats = openFormats({ scratchFolder });
  const world = realWorld();
  const catalogBy = (sender: CatalogSender, token = iceberg.token): RestCatalog =>
    new RestCatalog({ url: iceberg.endpoint, credentials: { kind: 'bearer', token } }, sender, world);
  const catalog = catalogBy(fetchSender);
  return {
    s3,
    iceberg,
    catalog,
    catalogBy,
    appender: (parts) => new TableAppender({ catalog, files: filesIn(s3), formats, world, ...parts }),
    async scan(table, column, least) {
      const program = join(import.meta.dirname, 'java/iceberg/IcebergScan.java');
      const folder = await mkdtemp(join(tmpdir(), 'millrace-scan-'));
      try {
        for (const [key, body] of await s3.objects('lake', `warehouse/${table.replace('.', '/')}/metadata/`)) {
          await mkdir(join(folder, 'lake', dirname(key)), { recursive: true });
          await writeFile(join(folder, 'lake', key), body);
        }
        const given = [iceberg.endpoint, iceberg.token, folder, table, column, least];
        const [jars, classes] = [await javaClassPath(icebergCatalog), join(folder, 'classes')];
        await run('javac', ['-nowarn', '-cp', jars, '-d', classes, program]);
        const { stdout } = await run('java', ['-cp', `${classes}:${jars}`, 'IcebergScan', ...given]);
        return stdout.trimEnd().split('\n');
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
    async stop() {
      await formats.close();
      await rm(scratchFolder, { recursive: true, force: true });
      await iceberg.stop();
      await s3.stop();
    },
  };
}

export function jsonRecords(rows: readonly unknown[]): Buffer[] {
  return rows.map((row) => Buffer.from(typeof row === 'string' ? row : JSON.stringify(row)));
}
