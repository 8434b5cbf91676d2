import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAuthenticator, readIdentities } from '@millrace/access';
import { realWorld } from '@millrace/world';

/** The worked example of AWS's documentation of signature version 4 (IAM ListUsers, 30 August 2015). */
const example = {
  method: 'GET',
  path: '/',
  query: 'Action=ListUsers&Version=2010-05-08',
  headers: {
    host: 'iam.amazonaws.com',
    'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
    'x-amz-date': '20150830T123600Z',
    authorization:
      'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, ' +
      'Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7',
  } as Record<string, string>,
  body: Buffer.alloc(0),
};
const identities = readIdentities(
  [
    {
      accessKeyId: 'AKIDEXAMPLE',
      secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
      account: '111122223333',
      name: 'one',
    },
  ],
  '000000000000',
);

function authenticateAt(timeMs: number, mode: 'none' | 'sigv4' = 'sigv4'): ReturnType<typeof createAuthenticator> {
  const clock = { ...realWorld().clock, now: () => timeMs };
  return createAuthenticator({ mode, identities, defaultAccount: '000000000000', defaultRegion: 'us-east-1', clock });
}

const signedMs = Date.UTC(2015, 7, 30, 12, 36);

test('the documented example verifies and names its caller', () => {
  const caller = authenticateAt(signedMs)(example);
  assert.equal(caller.arn, 'arn:aws:iam::111122223333:user/one');
  assert.equal(caller.account, '111122223333');
  assert.equal(caller.region, 'us-east-1');
});

test('any change of what is signed is refused', () => {
  const authenticate = authenticateAt(signedMs);
  const changes = [
    { ...example, method: 'POST' },
    { ...example, path: '/other' },
    { ...example, query: 'Action=ListUsers&Version=2010-05-09' },
    { ...example, body: Buffer.from('x') },
    { ...example, headers: { ...example.headers, host: 'other' } },
    {
      ...example,
      headers: {
        ...example.headers,
        'x-amz-content-sha256': 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      },
      body: Buffer.from('x'),
    },
  ];
  for (const changed of changes) assert.throws(() => authenticate(changed), { code: 'InvalidSignatureException' });
});

test('15 minutes of skew are fine, more is not; a stranger and nobody are told so', () => {
  authenticateAt(signedMs + 15 * 60_000)(example);
  assert.throws(() => authenticateAt(signedMs + 15 * 60_000 + 1)(example), {
    code: 'InvalidSignatureException',
    message: /^Signature expired: /,
  });
  assert.throws(() => authenticateAt(signedMs - 15 * 60_000 - 1)(example), {
    code: 'InvalidSignatureException',
    message: /^Signature not yet current: /,
  });
  const stranger = {
    ...example,
    headers: {
      ...example.headers,
      authorization: example.headers['authorization']!.replace('AKIDEXAMPLE', 'AKIDOTHER'),
    },
  };
  assert.throws(() => authenticateAt(signedMs)(stranger), { code: 'UnrecognizedClientException' });
  assert.throws(() => authenticateAt(signedMs)({ ...example, headers: {} }), {
    code: 'MissingAuthenticationTokenException',
  });
});

test('in mode none anyone is welcome: twelve digits name the account, the scope the region', () => {
  const authenticate = authenticateAt(0, 'none');
  assert.deepEqual(
    [authenticate({ ...example, headers: {} }).account, authenticate({ ...example, headers: {} }).region],
    ['000000000000', 'us-east-1'],
  );
  const named = example.headers['authorization']!.replace('AKIDEXAMPLE', '123456789012').replace(
    'us-east-1',
    'eu-west-3',
  );
  const caller = authenticate({ ...example, headers: { ...example.headers, authorization: named } });
  assert.deepEqual([caller.account, caller.region], ['123456789012', 'eu-west-3']);
  assert.throws(
    () => authenticate({ ...example, headers: { ...example.headers, authorization: 'AWS4-HMAC-SHA256 Credential=x' } }),
    { code: 'IncompleteSignatureException' },
  );
});
