import type { OpenSearchDestination } from './settings.ts';

/** Where a cluster takes bulks, and how it knows who sends them. */
export interface Cluster {
  /** Of _bulk, without credentials. */
  readonly bulkUrl: string;
  /** Basic, where the URL has a name and a password. */
  readonly authorization: string | undefined;
  /** Of AWS's own clusters: what requests are signed for. */
  readonly aws: { readonly service: 'es' | 'aoss'; readonly region: string } | undefined;
}

/** The cluster of a destination; undefined where a domain is named and nobody said where it is. */
export function clusterOf(
  { url, search: { DomainARN: arn } }: OpenSearchDestination,
  domains: ReadonlyMap<string, string> | undefined,
): Cluster | undefined {
  const found = url ?? (arn === undefined ? undefined : (domains?.get(arn) ?? domains?.get(domainName(arn))));
  return found === undefined ? undefined : clusterAt(found);
}

/** The last part of arn:aws:es:us-east-1:123456789012:domain/logs. */
function domainName(arn: string): string {
  return arn.slice(arn.lastIndexOf('/') + 1);
}

/** Throws TypeError for what is no URL, and URIError for credentials that are not escaped as such. */
export function clusterAt(text: string): Cluster {
  const url = new URL(text);
  const { username, password, hostname } = url;
  url.username = '';
  url.password = '';
  url.hash = '';
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/_bulk`;
  const hasName = username !== '' || password !== '';
  const named = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
  return {
    bulkUrl: url.href,
    authorization: hasName ? `Basic ${named.toString('base64')}` : undefined,
    // A domain with users of its own takes either.
    aws: hasName ? undefined : awsOf(hostname),
  };
}

/** search-logs-abc.us-east-1.es.amazonaws.com, abc.us-east-1.aoss.amazonaws.com, search-logs-abc.aos.us-east-1.on.aws. */
const awsHosts = /\.(?:([a-z0-9-]+)\.(es|aoss)\.amazonaws\.com(?:\.cn)?|aos\.([a-z0-9-]+)\.on\.aws)$/;

function awsOf(hostname: string): Cluster['aws'] {
  const found = awsHosts.exec(hostname);
  if (found === null) return undefined;
  return { service: found[2] === 'aoss' ? 'aoss' : 'es', region: (found[1] ?? found[3])! };
}

/** Whether clusterAt takes it: escapes in names and passwords must be such, too. */
export function isClusterUrl(text: string): boolean {
  try {
    return /^https?:$/.test(new URL(clusterAt(text).bulkUrl).protocol);
  } catch {
    return false;
  }
}

/** An endpoint as it may be told: everything before the last "@", whose slashes a URL may leave out. */
export function withoutCredentials(url: string): string {
  const scheme = /^[a-z][a-z0-9+.-]*:[\\/]*/i.exec(url)?.[0] ?? '';
  const rest = url.slice(scheme.length);
  // Of what is a URL, an "@" behind the host is no end of credentials.
  const end = URL.canParse(url) ? rest.search(/[\\/?#]/) : -1;
  const authority = end < 0 ? rest : rest.slice(0, end);
  return `${scheme}${rest.slice(authority.lastIndexOf('@') + 1)}`;
}
