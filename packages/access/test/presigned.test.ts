/** Signatures in headers and in the query, as AWS's own JavaScript signer makes them. */
import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { test } from 'node:test';
import { createAuthenticator, readIdentities } from '@millrace/access';
import type { Caller } from '@millrace/access';
import { realWorld } from '@millrace/world';
import { SignatureV4 } from '@smithy/signature-v4';

const accessKeyId = 'AKIDEXAMPLE';
const secretAccessKey = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const identities = readIdentities(
  [{ accessKeyId, secretAccessKey, account: '111122223333', name: 'one' }],
  '000000000000',
);
const signedMs = Date.UTC(2026, 7, 30, 12, 36);

/** What @smithy/signature-v4 wants of a hash. */
class Sha256 {
  #hash;
  constructor(secret?: string | Uint8Array) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret);
  }
  update(data: string | Uint8Array): void {
    this.#hash.update(data);
  }
  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }
}

const signer = new SignatureV4({
  credentials: { accessKeyId, secretAccessKey },
  region: 'eu-west-1',
  service: 'kinesis',
  sha256: Sha256 as never,
});

function authenticate(
  signed: { method: string; path: string; query?: object | undefined; headers: Record<string, string>; body?: unknown },
  atMs = signedMs,
): Caller {
  const query = Object.entries((signed.query ?? {}) as Record<string, string>)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join('&');
  const clock = { ...realWorld().clock, now: () => atMs };
  const options = {
    mode: 'sigv4',
    identities,
    defaultAccount: '000000000000',
    defaultRegion: 'us-east-1',
    clock,
  } as const;
  const { method, path, headers, body = '' } = signed;
  return createAuthenticator(options)({ method, path, query, headers, body: Buffer.from(body as string) });
}

const request = {
  method: 'POST',
  protocol: 'http:',
  hostname: 'localhost',
  path: '/',
  query: { 'a-b': '1', a: 'x y', 'a.b': '' },
  headers: { host: 'localhost:4567', 'x-amz-target': 'Kinesis_20131202.ListStreams', 'x-spaces': '  a   b ' },
  body: '{"Limit":5}',
};
const signingDate = new Date(signedMs);

test('a request signed in its headers is its signer’s, whatever its query', async () => {
  const signed = await signer.sign(request, { signingDate });
  const caller = authenticate(signed);
  assert.deepEqual([caller.account, caller.region], ['111122223333', 'eu-west-1']);
  assert.throws(() => authenticate({ ...(signed as typeof request), body: '{"Limit":6}' }), {
    code: 'InvalidSignatureException',
  });
});

test('a presigned request is good until it expires, and only as it was signed', async () => {
  const { body: _body, ...bare } = request;
  const signed = (await signer.presign(bare, { signingDate, expiresIn: 60 })) as unknown as typeof request;
  assert.equal(authenticate(signed).account, '111122223333');
  assert.equal(authenticate(signed, signedMs + 60_000).account, '111122223333');
  assert.throws(() => authenticate(signed, signedMs + 61_000), { message: /^Signature expired: / });
  assert.throws(() => authenticate({ ...signed, path: '/other' }), { code: 'InvalidSignatureException' });
  const longer = { ...signed, query: { ...signed.query, 'X-Amz-Expires': '604800' } };
  assert.throws(() => authenticate(longer), { code: 'InvalidSignatureException' });
});

test('an expiry that is none, beyond a week, or badly encoded is refused before anything is compared', async () => {
  const { body: _body, ...bare } = request;
  const signed = (await signer.presign(bare, { signingDate, expiresIn: 60 })) as unknown as typeof request;
  for (const expiry of ['never', '0', '-1', '604801', 'NaN', '1e9'])
    assert.throws(
      () => authenticate({ ...signed, query: { ...signed.query, 'X-Amz-Expires': expiry } }),
      { code: 'IncompleteSignatureException' },
      expiry,
    );
  const clock = realWorld().clock;
  const inNone = createAuthenticator({
    mode: 'none',
    identities,
    defaultAccount: '000000000000',
    defaultRegion: 'us-east-1',
    clock,
  });
  assert.throws(() => inNone({ ...request, query: 'X-Amz-Algorithm=%zz', headers: {}, body: Buffer.alloc(0) }), {
    code: 'IncompleteSignatureException',
  });
});

test('the host must be signed; a signature in both places is refused', async () => {
  const signed = (await signer.sign(request, { signingDate })) as typeof request;
  const headers = signed.headers as Record<string, string>;
  const withoutHost = headers['authorization']!.replace('host;', '');
  assert.throws(() => authenticate({ ...signed, headers: { ...headers, authorization: withoutHost } }), {
    message: "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
  });
  assert.throws(() => authenticate({ ...signed, query: { 'X-Amz-Algorithm': 'AWS4-HMAC-SHA256' } }), {
    message: "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
  });
});
