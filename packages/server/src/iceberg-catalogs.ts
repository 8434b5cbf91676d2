import type { CatalogCredentials, CatalogOptions } from '@millrace/iceberg';
import { checkHttpUrl, readNamedValues } from './named-values.ts';

const parameters = ['warehouse', 'scope', 'oauth2-server-uri'];

/**
 * REST catalogs of Iceberg by the last part of a CatalogARN, or the ARN, as --iceberg-catalogs has them.
 *
 *   catalogs = catalog ("," catalog)*
 *   catalog  = (name | arn) "=" url                              commas in a URL as %2C
 *   url      = "http" ["s"] "://" [credentials "@"] host … ["?" parameters]
 *   credentials = ":" token                                      sent as a bearer token
 *               | client ":" secret                              OAuth2's client credentials, for tokens
 *   parameters: warehouse, for a catalog that has several; scope and oauth2-server-uri, of tokens: as Iceberg's own clients
 *   call them
 *
 * Throws an Error that says what is wrong, without what may be a secret.
 */
export function readIcebergCatalogs(text: string | undefined): ReadonlyMap<string, CatalogOptions> {
  return readNamedValues(text, 'catalog must look like NAME=URL', readCatalog);
}

function readCatalog(text: string, name: string): CatalogOptions {
  const url = new URL(checkHttpUrl(text, name));
  const { searchParams: query } = url;
  for (const parameter of query.keys())
    if (!parameters.includes(parameter))
      throw new Error(`the URL of ${name} has a parameter that is none of ${parameters.join(', ')}`);
  const credentials = credentialsOf(url);
  if (credentials === undefined) throw new Error(`the URL of ${name} must have :TOKEN or CLIENT:SECRET before its @`);
  const warehouse = query.get('warehouse') ?? undefined;
  url.username = '';
  url.password = '';
  url.search = '';
  url.hash = '';
  return { url: url.href.replace(/\/+$/, ''), credentials, warehouse };
}

function credentialsOf({ username, password, searchParams: query }: URL): CatalogCredentials | undefined {
  const [user, secret] = [decoded(username), decoded(password)];
  if (user === undefined || secret === undefined) return undefined;
  if (user === '') return secret === '' ? { kind: 'none' } : { kind: 'bearer', token: secret };
  if (secret === '') return undefined;
  return {
    kind: 'client',
    clientId: user,
    clientSecret: secret,
    tokenUrl: query.get('oauth2-server-uri') ?? undefined,
    scope: query.get('scope') ?? undefined,
  };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
