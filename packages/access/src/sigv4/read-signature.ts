import { AwsError } from '@millrace/model';
import type { SignatureParts, SignedRequest } from './signature.ts';

/**
 * The parts of a request's signature; undefined when it has none. Throws IncompleteSignatureException with AWS's list of
 * what is missing, InvalidSignatureException when it is signed twice (as asserted by npm's kinesalite against AWS).
 */
export function readSignature({ headers, query }: SignedRequest): SignatureParts | undefined {
  const header = headers['authorization'];
  const isPresigned = /(?:^|&)X-Amz-Algorithm/i.test(query);
  if (header === undefined) return isPresigned ? fromQuery(query) : undefined;
  if (isPresigned) {
    throw new AwsError(
      'InvalidSignatureException',
      "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
    );
  }
  return fromHeader(header, headers['x-amz-date'] ?? headers['date']);
}

function fromHeader(header: string, date: string | undefined): SignatureParts {
  const fields = new Map<string, string>();
  for (const part of header.slice(header.indexOf(' ') + 1).split(',')) {
    const equals = part.indexOf('=');
    if (equals > 0) fields.set(part.slice(0, equals).trim(), part.slice(equals + 1).trim());
  }
  const missing = ['Credential', 'Signature', 'SignedHeaders']
    .filter((name) => !fields.has(name))
    .map((name) => `Authorization header requires '${name}' parameter. `);
  if (date === undefined)
    missing.push("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ");
  if (missing.length > 0 || !header.startsWith('AWS4-HMAC-SHA256')) {
    throw new AwsError('IncompleteSignatureException', `${missing.join('')}Authorization=${header}`);
  }
  return {
    ...credential(fields.get('Credential')!),
    signedHeaders: fields.get('SignedHeaders')!,
    signature: fields.get('Signature')!,
    date: date!,
    expiresSeconds: undefined,
  };
}

function fromQuery(query: string): SignatureParts {
  const fields = new Map(query.split('&').map(decodePair));
  const needed = ['X-Amz-Algorithm', 'X-Amz-Credential', 'X-Amz-Signature', 'X-Amz-SignedHeaders', 'X-Amz-Date'];
  const missing = needed.filter((name) => (fields.get(name) ?? '') === '');
  if (missing.length > 0) {
    const list = missing.map((name) => `AWS query-string parameters must include '${name}'. `).join('');
    throw new AwsError('IncompleteSignatureException', `${list}Re-examine the query-string parameters.`);
  }
  return {
    ...credential(fields.get('X-Amz-Credential')!),
    signedHeaders: fields.get('X-Amz-SignedHeaders')!,
    signature: fields.get('X-Amz-Signature')!,
    date: fields.get('X-Amz-Date')!,
    expiresSeconds: expiry(fields.get('X-Amz-Expires') ?? '900'),
  };
}

function decodePair(pair: string): [string, string] {
  const equals = pair.indexOf('=');
  const [name, value] = equals === -1 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
  try {
    return [decodeURIComponent(name), decodeURIComponent(value)];
  } catch {
    throw new AwsError('IncompleteSignatureException', `The query-string parameter '${name}' is not percent-encoded.`);
  }
}

/** A presigned request is valid for a week at most. Text not recorded. */
function expiry(text: string): number {
  if (/^\d{1,6}$/.test(text) && Number(text) >= 1 && Number(text) <= 604_800) return Number(text);
  throw new AwsError('IncompleteSignatureException', 'X-Amz-Expires must be between 1 and 604800 seconds.');
}

function credential(text: string): { accessKeyId: string; day: string; region: string; service: string } {
  const [accessKeyId = '', day = '', region = '', service = '', end] = text.split('/');
  if (end !== 'aws4_request')
    throw new AwsError(
      'IncompleteSignatureException',
      `Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '${text}'`,
    );
  return { accessKeyId, day, region, service };
}
