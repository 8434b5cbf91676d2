import { createHash, createHmac } from 'node:crypto';
import type { HttpRequest } from './http-sender.ts';

/** Signs requests to AWS, by Signature Version 4. */
export interface AwsSigner {
  /** The headers that make the request one of the server's credentials. Rejects where there are none. */
  sign(request: ToSign, at: SignedFor): Promise<Readonly<Record<string, string>>>;
}

export type ToSign = Pick<HttpRequest, 'method' | 'url' | 'headers' | 'body'>;

export interface SignedFor {
  /** The name that AWS signs for: es, aoss. */
  readonly service: string;
  readonly region: string;
  readonly nowMs: number;
}

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/**
 * AWS's own signer, with credentials as its tools find them: environment, files, the machine's role. Both are loaded with the
 * first request: most servers never call AWS.
 */
export function openAwsSigner(credentials?: () => Promise<AwsCredentials>): AwsSigner {
  let found = credentials;
  return {
    async sign({ method, url, headers, body }, { service, region, nowMs }) {
      const { SignatureV4 } = await import('@smithy/signature-v4');
      // One provider for all requests: it keeps what it found until that expires.
      found ??= (await import('@aws-sdk/credential-provider-node')).defaultProvider();
      const { protocol, hostname, host, port, pathname, searchParams } = new URL(url);
      const signer = new SignatureV4({ credentials: found, region, service, sha256: Sha256 });
      const signed = await signer.sign(
        {
          method,
          protocol,
          hostname,
          ...(port !== '' && { port: Number(port) }),
          path: pathname,
          query: Object.fromEntries(searchParams),
          headers: { ...headers, host },
          body,
        },
        { signingDate: new Date(nowMs) },
      );
      // The sender writes the host from the URL.
      const { host: _, ...others } = signed.headers;
      return others;
    },
  };
}

/** Node's SHA-256 as the signer wants it: a hash, or an HMAC where there is a secret. */
class Sha256 {
  #hash: ReturnType<typeof createHash> | ReturnType<typeof createHmac>;
  readonly #secret: Uint8Array | string | undefined;

  constructor(secret?: Uint8Array | ArrayBuffer | ArrayBufferView | string) {
    this.#secret = typeof secret === 'string' || secret === undefined ? secret : bytesOf(secret);
    this.#hash = this.#begin();
  }

  update(data: Uint8Array | ArrayBuffer | string): void {
    this.#hash.update(typeof data === 'string' ? data : bytesOf(data));
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }

  reset(): void {
    this.#hash = this.#begin();
  }

  #begin(): ReturnType<typeof createHash> | ReturnType<typeof createHmac> {
    return this.#secret === undefined ? createHash('sha256') : createHmac('sha256', this.#secret);
  }
}

function bytesOf(data: ArrayBuffer | ArrayBufferView): Uint8Array {
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}
