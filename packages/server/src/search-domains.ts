/**
 * Clusters by a domain's name or ARN, as --search-domains has them.
 *
 *   domains = domain ("," domain)*
 *   domain  = (name | arn) "=" url        commas in a URL as %2C
 *
 * Throws an Error that says what is wrong, without what may be a password.
 */
export function readSearchDomains(text: string | undefined): ReadonlyMap<string, string> {
  const domains = new Map<string, string>();
  for (const domain of text?.split(',') ?? []) {
    const end = domain.indexOf('=');
    const name = domain.slice(0, Math.max(0, end)).trim();
    const url = domain.slice(end + 1).trim();
    if (name === '') throw new Error('every domain must look like NAME=URL');
    const isHttp = URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
    if (!isHttp) throw new Error(`what stands for ${name} is no http:// or https:// URL`);
    if (domains.has(name)) throw new Error(`${name} is named twice`);
    domains.set(name, url);
  }
  return domains;
}
