import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { authorize, readIdentities } from '@millrace/access';
import { like } from '../src/iam/authorize.ts';

const resource = 'arn:aws:kinesis:us-east-1:111122223333:stream/orders';

/** Whether a caller with these statements may put a record; `resourcePolicy` is attached to the stream. */
function may(
  statements: object[],
  more: { resourcePolicy?: object; resourceAccount?: string; action?: string } = {},
): boolean {
  const [identity] = readIdentities(
    [
      {
        accessKeyId: 'A',
        secretAccessKey: 's',
        account: '111122223333',
        name: 'one',
        policies: statements.length === 0 ? [] : [{ Statement: statements }],
      },
    ],
    '000000000000',
  ).values();
  try {
    authorize({
      caller: { account: '111122223333', region: 'us-east-1', arn: identity!.arn, identity },
      action: more.action ?? 'kinesis:PutRecord',
      resource,
      resourceAccount: more.resourceAccount ?? '111122223333',
      resourcePolicy: more.resourcePolicy === undefined ? undefined : JSON.stringify(more.resourcePolicy),
      context: { 'aws:sourceip': '10.0.0.1', 'aws:securetransport': 'false' },
    });
    return true;
  } catch (error) {
    assert.equal((error as { code: string }).code, 'AccessDeniedException');
    return false;
  }
}

const allow = { Effect: 'Allow', Action: 'kinesis:Put*', Resource: 'arn:aws:kinesis:*:*:stream/ord*' };

test('nothing said is no; an allow is yes where action and resource fit; a deny wins', () => {
  assert.equal(may([]), false);
  assert.equal(may([allow]), true);
  assert.equal(may([allow], { action: 'kinesis:GetRecords' }), false);
  assert.equal(may([{ ...allow, Resource: 'arn:aws:kinesis:*:*:stream/other' }]), false);
  assert.equal(may([allow, { Effect: 'Deny', Action: '*', Resource: '*' }]), false);
  assert.equal(may([{ Effect: 'Allow', NotAction: 'kinesis:Get*', Resource: '*' }]), true);
  assert.equal(may([{ Effect: 'Allow', Action: 'KINESIS:putrecord', Resource: '*' }]), true);
});

test('conditions must hold; a key that is absent fails all but negations and IfExists', () => {
  const when = (Condition: object): boolean => may([{ ...allow, Condition }]);
  assert.equal(when({ Bool: { 'aws:SecureTransport': 'true' } }), false);
  assert.equal(when({ Bool: { 'aws:SecureTransport': 'false' } }), true);
  assert.equal(when({ StringEquals: { 'aws:absent': 'x' } }), false);
  assert.equal(when({ StringEqualsIfExists: { 'aws:absent': 'x' } }), true);
  assert.equal(when({ StringNotEquals: { 'aws:PrincipalAccount': '111122223333' } }), false);
  assert.equal(when({ Null: { 'aws:absent': 'true' } }), true);
  assert.throws(() => may([{ ...allow, Condition: { Sometimes: { a: 'b' } } }]), /operator Sometimes is not known/);
});

test('in one account either policy may allow; across accounts both must; a resource’s deny wins', () => {
  const attached = (Effect: string): object => ({
    Statement: [{ Effect, Principal: { AWS: '111122223333' }, Action: 'kinesis:*', Resource: resource }],
  });
  assert.equal(may([], { resourcePolicy: attached('Allow') }), true);
  assert.equal(may([allow], { resourcePolicy: attached('Deny') }), false);
  const foreign = { resourceAccount: '999999999999' };
  assert.equal(may([allow], foreign), false);
  assert.equal(may([], { ...foreign, resourcePolicy: attached('Allow') }), false);
  assert.equal(may([allow], { ...foreign, resourcePolicy: attached('Allow') }), true);
});

test('wildcards match as a regular expression would', () => {
  const letters = fc.array(fc.constantFrom('a', 'b', '*', '?'), { maxLength: 8 }).map((list) => list.join(''));
  const texts = fc.array(fc.constantFrom('a', 'b'), { maxLength: 8 }).map((list) => list.join(''));
  fc.assert(
    fc.property(letters, texts, (pattern, text) => {
      const twin = new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`);
      assert.equal(like(pattern, text), twin.test(text));
    }),
    { numRuns: 3000 },
  );
});
