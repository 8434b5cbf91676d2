import { gunzipSync } from 'node:zlib';
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { startMoto as startMotoServer } from '../../../benchmarks/candidates.ts';

/** What reaches an S3. */
export interface S3Access {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** An S3 of another maker, and what tests do with it. */
export interface RunningS3 extends S3Access {
  /** The access key, for the environment of whatever is to deliver there. */
  readonly env: Readonly<Record<'AWS_ACCESS_KEY_ID' | 'AWS_SECRET_ACCESS_KEY' | 'AWS_REGION', string>>;
  readonly client: S3Client;
  createBucket(bucket: string): Promise<void>;
  put(bucket: string, key: string, body: string | Buffer): Promise<void>;
  /** The keys below a prefix, in order. */
  keys(bucket: string, prefix?: string): Promise<string[]>;
  get(bucket: string, key: string): Promise<Buffer>;
  /** Every object below a prefix, by its key; taken out of GZIP where the key ends in .gz. */
  objects(bucket: string, prefix?: string): Promise<Map<string, Buffer>>;
  stop(): Promise<void>;
}

export function s3ClientOf({ endpoint, region, accessKeyId, secretAccessKey }: S3Access): S3Client {
  return new S3Client({ endpoint, region, forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } });
}

/** The view of tests on the S3 that `access` reaches. */
export function runningS3(access: S3Access, stop: () => Promise<void>): RunningS3 {
  const client = s3ClientOf(access);
  const keys = async (bucket: string, prefix = ''): Promise<string[]> => {
    const found: string[] = [];
    let token: string | undefined;
    do {
      const page = await client.send(
        new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ContinuationToken: token }),
      );
      // A gateway that keeps objects in folders lists the folders as objects too.
      for (const { Key: key = '' } of page.Contents ?? []) if (!key.endsWith('/')) found.push(key);
      token = page.NextContinuationToken;
    } while (token !== undefined);
    return found;
  };
  const get = async (bucket: string, key: string): Promise<Buffer> => {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    return Buffer.from(await Body!.transformToByteArray());
  };
  return {
    ...access,
    env: {
      AWS_ACCESS_KEY_ID: access.accessKeyId,
      AWS_SECRET_ACCESS_KEY: access.secretAccessKey,
      AWS_REGION: access.region,
    },
    client,
    async createBucket(bucket) {
      await client.send(new CreateBucketCommand({ Bucket: bucket }));
    },
    async put(bucket, key, body) {
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
    },
    keys,
    get,
    async objects(bucket, prefix) {
      const found = new Map<string, Buffer>();
      for (const key of await keys(bucket, prefix)) {
        const body = await get(bucket, key);
        found.set(key, key.endsWith('.gz') ? gunzipSync(body) : body);
      }
      return found;
    },
    async stop() {
      client.destroy();
      await stop();
    },
  };
}

/** PyPI's moto: a second S3. It takes any access key, so it says nothing about signatures. */
export async function startMoto(): Promise<RunningS3> {
  const { host, port, stop } = await startMotoServer();
  const access = { endpoint: `http://${host}:${port}`, region: 'us-east-1' };
  return runningS3({ ...access, accessKeyId: 'test', secretAccessKey: 'test' }, stop);
}
