/** What Firehose signs for AWS's search clusters is what our own verification takes, which is held to AWS's rules elsewhere. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAuthenticator, readIdentities } from '@millrace/access';
import { openAwsSigner } from '@millrace/firehose';
import { realWorld } from '@millrace/world';

const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const identities = readIdentities([{ ...credentials, account: '111122223333', name: 'one' }], '000000000000');
const nowMs = Date.UTC(2026, 7, 30, 12, 36);

for (const [service, region] of [
  ['es', 'eu-west-1'],
  ['aoss', 'us-east-2'],
] as const)
  test(`a bulk for ${service} is signed with its body and its headers`, async () => {
    const host = `abc.${region}.${service}.amazonaws.com`;
    const body = Buffer.from('{"index":{}}\n{}\n');
    const headers = { 'content-type': 'application/x-ndjson' };
    const request = { method: 'POST', url: `https://${host}/_bulk?pipeline=a%20b`, headers, body } as const;
    const signer = openAwsSigner(() => Promise.resolve({ ...credentials, sessionToken: 'token' }));
    const signed = await signer.sign(request, { service, region, nowMs });
    assert.equal('host' in signed, false);
    assert.equal(signed['content-type'], 'application/x-ndjson');
    assert.equal(signed['x-amz-security-token'], 'token');
    assert.match(signed['x-amz-content-sha256']!, /^[0-9a-f]{64}$/);
    assert.ok(signed['authorization']!.includes(`/${region}/${service}/aws4_request`));
    const authenticate = createAuthenticator({
      mode: 'sigv4',
      identities,
      defaultAccount: '000000000000',
      defaultRegion: 'us-east-1',
      clock: { ...realWorld().clock, now: () => nowMs },
    });
    const arrived = { method: 'POST', path: '/_bulk', query: 'pipeline=a%20b', headers: { ...signed, host }, body };
    assert.equal(authenticate(arrived).account, '111122223333');
    assert.throws(() => authenticate({ ...arrived, body: Buffer.from('{"index":{}}\n[]\n') }), {
      code: 'InvalidSignatureException',
    });
  });
