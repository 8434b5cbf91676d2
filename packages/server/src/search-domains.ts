import { checkHttpUrl, readNamedValues } from './named-values.ts';

/**
 * Clusters by a domain's name or ARN, as --search-domains has them.
 *
 *   domains = domain ("," domain)*
 *   domain  = (name | arn) "=" url        commas in a URL as %2C
 *
 * Throws an Error that says what is wrong, without what may be a password.
 */
export function readSearchDomains(text: string | undefined): ReadonlyMap<string, string> {
  return readNamedValues(text, 'domain must look like NAME=URL', checkHttpUrl);
}
