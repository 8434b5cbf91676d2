import type { PolicyDocument } from './iam/policy.ts';
import { parsePolicy } from './iam/policy.ts';

/** Somebody who may sign requests, from the configuration. */
export interface Identity {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly account: string;
  /** arn:aws:iam::ACCOUNT:user/NAME */
  readonly arn: string;
  readonly policies: readonly PolicyDocument[];
}

/** Reads the configuration's `identities`. Throws an Error that says which entry is wrong and why. */
export function readIdentities(value: unknown, defaultAccount: string): ReadonlyMap<string, Identity> {
  const identities = new Map<string, Identity>();
  if (value === undefined) return identities;
  if (!Array.isArray(value)) throw new Error('identities: must be a list');
  for (const [position, entry] of (value as Record<string, unknown>[]).entries()) {
    const { accessKeyId, secretAccessKey, account = defaultAccount, name = accessKeyId, policies = [] } = entry ?? {};
    const at = `identities[${position}]`;
    if (
      typeof accessKeyId !== 'string' ||
      typeof secretAccessKey !== 'string' ||
      accessKeyId === '' ||
      secretAccessKey === ''
    ) {
      throw new Error(`${at}: accessKeyId and secretAccessKey must be texts`);
    }
    if (typeof account !== 'string' || !/^\d{12}$/.test(account)) throw new Error(`${at}: account must be 12 digits`);
    if (identities.has(accessKeyId)) throw new Error(`${at}: access key id ${accessKeyId} is there twice`);
    if (!Array.isArray(policies)) throw new Error(`${at}: policies must be a list`);
    identities.set(accessKeyId, {
      accessKeyId,
      secretAccessKey,
      account,
      arn: `arn:aws:iam::${account}:user/${String(name)}`,
      policies: policies.map((policy, index) => parsePolicy(policy, `${at}.policies[${index}]`)),
    });
  }
  return identities;
}
