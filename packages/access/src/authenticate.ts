import { AwsError } from '@millrace/model';
import type { Clock } from '@millrace/world';
import type { Identity } from './identities.ts';
import { readSignature } from './sigv4/read-signature.ts';
import { verifySignature } from './sigv4/signature.ts';
import type { SignatureParts, SignedRequest } from './sigv4/signature.ts';

/** Who calls, and which region they mean. */
export interface Caller {
  readonly account: string;
  readonly region: string;
  readonly arn: string;
  /** Undefined where nobody is verified (mode none). */
  readonly identity: Identity | undefined;
}

export interface AuthenticatorOptions {
  readonly mode: 'none' | 'sigv4' | 'iam';
  readonly identities: ReadonlyMap<string, Identity>;
  readonly defaultAccount: string;
  readonly defaultRegion: string;
  readonly clock: Clock;
}

const skewMs = 15 * 60_000;

/**
 * Reads who sent a request. In mode none anyone is welcome, signed or not: an access key id of 12 digits names the account, the
 * signature's scope the region. In the others the signature must be right; errors in AWS's words.
 */
export function createAuthenticator(options: AuthenticatorOptions): (request: SignedRequest) => Caller {
  const { mode, identities, defaultAccount, defaultRegion, clock } = options;
  return (request) => {
    const parts = readSignature(request);
    if (mode === 'none') {
      const account = /^\d{12}$/.test(parts?.accessKeyId ?? '') ? parts!.accessKeyId : defaultAccount;
      const region = parts?.region === undefined || parts.region === '' ? defaultRegion : parts.region;
      return { account, region, arn: `arn:aws:iam::${account}:root`, identity: undefined };
    }
    if (parts === undefined) throw new AwsError('MissingAuthenticationTokenException', 'Missing Authentication Token');
    const identity = identities.get(parts.accessKeyId);
    if (identity === undefined)
      throw new AwsError('UnrecognizedClientException', 'The security token included in the request is invalid.');
    checkTime(parts, clock.now());
    if (!parts.signedHeaders.split(';').some((name) => name === 'host' || name === ':authority')) {
      throw new AwsError(
        'InvalidSignatureException',
        "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
      );
    }
    if (!verifySignature(request, parts, identity.secretAccessKey)) {
      throw new AwsError(
        'InvalidSignatureException',
        'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
      );
    }
    return { account: identity.account, region: parts.region, arn: identity.arn, identity };
  };
}

function checkTime({ date, day, expiresSeconds }: SignatureParts, nowMs: number): void {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date);
  const signedMs =
    match === null
      ? Date.parse(date)
      : Date.UTC(+match[1]!, +match[2]! - 1, +match[3]!, +match[4]!, +match[5]!, +match[6]!);
  if (Number.isNaN(signedMs) || (match !== null && !date.startsWith(day))) {
    throw new AwsError(
      'InvalidSignatureException',
      `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${day}' != '${date.slice(0, 8)}'.`,
    );
  }
  const validMs = expiresSeconds === undefined ? skewMs : expiresSeconds * 1000;
  if (nowMs - signedMs > validMs)
    throw new AwsError(
      'InvalidSignatureException',
      `Signature expired: ${date} is now earlier than ${stamp(nowMs - validMs)} (${stamp(nowMs)} - 15 min.)`,
    );
  if (signedMs - nowMs > skewMs)
    throw new AwsError(
      'InvalidSignatureException',
      `Signature not yet current: ${date} is still later than ${stamp(nowMs + skewMs)} (${stamp(nowMs)} + 15 min.)`,
    );
}

function stamp(timeMs: number): string {
  return new Date(timeMs).toISOString().replaceAll(/[-:]|\.\d+/g, '');
}
