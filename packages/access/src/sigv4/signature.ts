import { createHmac, createSecretKey, hash, timingSafeEqual } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/*
 * Signature version 4 (docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html):
 *
 *   canonical = method LF path LF query LF (name ':' value LF)* LF signedHeaders LF payloadHash
 *   toSign    = 'AWS4-HMAC-SHA256' LF date LF scope LF hex(sha256(canonical))
 *   key       = hmac(hmac(hmac(hmac('AWS4' secret, day), region), service), 'aws4_request')
 */
export interface SignedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** The parts of a signature, from the Authorization header or the query. */
export interface SignatureParts {
  readonly accessKeyId: string;
  /** yyyymmdd, region, service. */
  readonly day: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: string;
  readonly signature: string;
  /** yyyymmddThhmmssZ */
  readonly date: string;
  /** Seconds a presigned request is valid; undefined for a signed header. */
  readonly expiresSeconds: number | undefined;
}

/** As key objects: OpenSSL takes 1.7 µs with one and 11 with the bytes of one, measured on Node 24. */
const keys = new Map<string, KeyObject>();
const keysKept = 1024;

/** Whether the signature is the one that `secret` makes. Takes the same time for every wrong one. */
export function verifySignature(request: SignedRequest, parts: SignatureParts, secret: string): boolean {
  const signed = createHmac('sha256', signingKey(secret, parts)).update(stringToSign(request, parts)).digest('hex');
  const [given, expected] = [Buffer.from(parts.signature), Buffer.from(signed)];
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function signingKey(secret: string, { day, region, service }: SignatureParts): KeyObject {
  const name = `${secret} ${day} ${region} ${service}`;
  let key = keys.get(name);
  if (key === undefined) {
    key = createSecretKey(
      [day, region, service, 'aws4_request'].reduce<Buffer>(
        (last, part) => createHmac('sha256', last).update(part).digest(),
        Buffer.from(`AWS4${secret}`),
      ),
    );
    if (keys.size >= keysKept) keys.clear();
    keys.set(name, key);
  }
  return key;
}

function stringToSign(request: SignedRequest, parts: SignatureParts): string {
  const { day, region, service, date } = parts;
  const digest = hash('sha256', canonicalRequest(request, parts));
  return `AWS4-HMAC-SHA256\n${date}\n${day}/${region}/${service}/aws4_request\n${digest}`;
}

function canonicalRequest(
  { method, path, query, headers, body }: SignedRequest,
  { signedHeaders }: SignatureParts,
): string {
  const lines = signedHeaders
    .split(';')
    .map((name) => `${name}:${(headers[name] ?? '').trim().replaceAll(/ +/g, ' ')}\n`);
  // A client may claim the hash of another body: only the claim that nothing is signed is taken as it is.
  const isUnsigned = headers['x-amz-content-sha256'] === 'UNSIGNED-PAYLOAD';
  const believed = isUnsigned ? 'UNSIGNED-PAYLOAD' : hash('sha256', body);
  return `${method}\n${path}\n${canonicalQuery(query)}\n${lines.join('')}\n${signedHeaders}\n${believed}`;
}

function canonicalQuery(query: string): string {
  if (query === '') return '';
  return query
    .split('&')
    .filter((pair) => pair !== '' && !pair.startsWith('X-Amz-Signature='))
    .map((pair) => (pair.includes('=') ? pair : `${pair}=`))
    .sort(byNameThenValue)
    .join('&');
}

/** Pairs as a whole would sort "a-b=" before "a=". */
function byNameThenValue(left: string, right: string): number {
  const [one, other] = [left, right].map((pair) => pair.slice(0, pair.indexOf('='))) as [string, string];
  if (one !== other) return one < other ? -1 : 1;
  return left < right ? -1 : 1;
}
