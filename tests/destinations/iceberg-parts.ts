/** What an appender needs, over the test's own fetch and S3. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RestCatalog, TableAppender } from '@millrace/iceberg';
import type { AppenderParts, CatalogSender, TableFiles } from '@millrace/iceberg';
import { openFormats } from '@millrace/record-formats';
import { realWorld } from '@millrace/world';
import { startIceberg } from './servers/iceberg.ts';
import type { RunningIceberg } from './servers/iceberg.ts';
import type { RunningS3 } from './servers/s3.ts';
import { startVersitygw } from './servers/versitygw.ts';

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
  stop(): Promise<void>;
}

export async function startIcebergParts(): Promise<IcebergParts> {
  const s3 = await startVersitygw();
  await s3.createBucket('lake');
  const iceberg = await startIceberg({ s3, warehouse: 's3://lake/warehouse' });
  const formats = openFormats({ scratchFolder: join(tmpdir(), `millrace-iceberg-${process.pid}`) });
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
    async stop() {
      await formats.close();
      await iceberg.stop();
      await s3.stop();
    },
  };
}

export function jsonRecords(rows: readonly unknown[]): Buffer[] {
  return rows.map((row) => Buffer.from(typeof row === 'string' ? row : JSON.stringify(row)));
}
