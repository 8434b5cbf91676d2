export { createAuthenticator } from './authenticate.ts';
export type { Caller } from './authenticate.ts';
export { authorize } from './iam/authorize.ts';
export { readIdentities } from './identities.ts';
export type { Identity } from './identities.ts';
export { openKeyRing } from './keys/key-ring.ts';
export type { KeyRing } from './keys/key-ring.ts';
