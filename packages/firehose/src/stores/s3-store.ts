import type * as S3 from '@aws-sdk/client-s3';
import type { ReadableObjects } from '../object-store.ts';

/**
 * A put that has not gone on for so long has failed, and is tried again by who delivers: an endpoint that hangs would keep its
 * slot for ever. The last is for what trickles: 128 MiB at 150 KB a second.
 */
const timeouts = {
  connectionTimeout: 10_000,
  socketTimeout: 60_000,
  requestTimeout: 900_000,
  // Without it the client warns, and waits on.
  throwOnRequestTimeout: true,
};

export interface S3Settings {
  /** Any S3-compatible endpoint; without one AWS's of the region. */
  readonly endpoint: string | undefined;
  readonly region: string;
  /** How long a connection may stand still; a minute where it is not said. */
  readonly stillMs?: number;
}

/**
 * Objects go to S3 by AWS's own client: credentials as its tools find them, and its retries and checksums. The client is
 * loaded when the first object goes: most servers never deliver.
 */
export function openS3Store({ endpoint, region, stillMs = timeouts.socketTimeout }: S3Settings): ReadableObjects {
  let client: Promise<{ s3: S3.S3Client; library: typeof S3 }> | undefined;
  const load = async (): Promise<{ s3: S3.S3Client; library: typeof S3 }> => {
    const library = await import('@aws-sdk/client-s3');
    const place = endpoint === undefined ? {} : { endpoint, forcePathStyle: true };
    return {
      library,
      s3: new library.S3Client({ region, ...place, requestHandler: { ...timeouts, socketTimeout: stillMs } }),
    };
  };
  return {
    async put({ bucket, key, body, contentEncoding, kmsKeyArn, signal }) {
      client ??= load();
      const { s3, library } = await client;
      await s3.send(
        new library.PutObjectCommand({
          Bucket: bucket,
          Key: key,
          Body: body.length === 1 ? body[0]! : Buffer.concat(body),
          ContentType: 'application/octet-stream',
          ...(contentEncoding !== undefined && { ContentEncoding: contentEncoding }),
          ...(kmsKeyArn !== undefined && { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: kmsKeyArn }),
        }),
        { abortSignal: signal },
      );
    },
    async read({ bucket, key, signal }) {
      client ??= load();
      const { s3, library } = await client;
      const { Body: body } = await s3.send(new library.GetObjectCommand({ Bucket: bucket, Key: key }), {
        abortSignal: signal,
      });
      return Buffer.from(await body!.transformToByteArray());
    },
  };
}
