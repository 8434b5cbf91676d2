import type * as S3 from '@aws-sdk/client-s3';
import type { ObjectStore } from '../object-store.ts';

/** What an object may take on its way; beyond it the put has failed, and is tried again by who delivers. */
const requestTimeoutMs = 120_000;

export interface S3Settings {
  /** Any S3-compatible endpoint; without one AWS's of the region. */
  readonly endpoint: string | undefined;
  readonly region: string;
}

/**
 * Objects go to S3 by AWS's own client: credentials as its tools find them, and its retries and checksums. The client is
 * loaded when the first object goes: most servers never deliver.
 */
export function openS3Store({ endpoint, region }: S3Settings): ObjectStore {
  let client: Promise<{ s3: S3.S3Client; library: typeof S3 }> | undefined;
  const load = async (): Promise<{ s3: S3.S3Client; library: typeof S3 }> => {
    const library = await import('@aws-sdk/client-s3');
    const place = endpoint === undefined ? {} : { endpoint, forcePathStyle: true };
    return {
      library,
      s3: new library.S3Client({ region, ...place, requestHandler: { requestTimeout: requestTimeoutMs } }),
    };
  };
  return {
    async put({ bucket, key, body, kmsKeyArn }) {
      client ??= load();
      const { s3, library } = await client;
      await s3.send(
        new library.PutObjectCommand({
          Bucket: bucket,
          Key: key,
          Body: body.length === 1 ? body[0]! : Buffer.concat(body),
          ...(kmsKeyArn !== undefined && { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: kmsKeyArn }),
        }),
      );
    },
  };
}
