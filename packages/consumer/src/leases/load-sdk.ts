import type * as Sdk from '@aws-sdk/client-dynamodb';

/** Loaded when it is needed: who has the leases elsewhere need not install it. */
export function loadSdk(): Promise<typeof Sdk> {
  return import('@aws-sdk/client-dynamodb');
}
