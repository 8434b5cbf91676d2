import type { Clock } from '@millrace/world';
import { IcebergError } from '../errors.ts';
import type { CatalogRequest, CatalogSender } from './catalog-sender.ts';

/** How a catalog is told who asks: not at all, by a token, or by one that is fetched with OAuth2's client credentials. */
export type CatalogCredentials =
  | { readonly kind: 'none' }
  | { readonly kind: 'bearer'; readonly token: string }
  | {
      readonly kind: 'client';
      readonly clientId: string;
      readonly clientSecret: string;
      /** The catalog's own `/v1/oauth/tokens` unless told. */
      readonly tokenUrl?: string | undefined;
      /** `catalog` unless told. */
      readonly scope?: string | undefined;
    };

/** Without expires_in a token is asked for anew after an hour; with it a minute early. */
const [defaultLifeMs, earlyMs] = [3_600_000, 60_000];

type Asked = Pick<CatalogRequest, 'timeoutMs' | 'maxAnswerBytes' | 'signal'>;

/** Keeps the token of a catalog. */
export class TokenKeeper {
  readonly #credentials: CatalogCredentials;
  readonly #sender: CatalogSender;
  readonly #clock: Clock;
  readonly #defaultUrl: string;
  #token: { readonly text: string; readonly untilMs: number } | undefined;

  constructor(credentials: CatalogCredentials, sender: CatalogSender, clock: Clock, catalogUrl: string) {
    this.#credentials = credentials;
    this.#sender = sender;
    this.#clock = clock;
    this.#defaultUrl = `${catalogUrl}/v1/oauth/tokens`;
  }

  /** Whether a refused token can be followed by another. */
  get canRenew(): boolean {
    return this.#credentials.kind === 'client';
  }

  forget(): void {
    this.#token = undefined;
  }

  async header(asked: Asked): Promise<Readonly<Record<string, string>>> {
    const credentials = this.#credentials;
    if (credentials.kind === 'none') return {};
    if (credentials.kind === 'bearer') return { authorization: `Bearer ${credentials.token}` };
    if (this.#token === undefined || this.#token.untilMs <= this.#clock.monotonicMs())
      this.#token = await this.#fetch(credentials, asked);
    return { authorization: `Bearer ${this.#token.text}` };
  }

  /** https://www.rfc-editor.org/rfc/rfc6749#section-4.4, with the secret in the form, as Iceberg's own clients have it. */
  async #fetch(
    credentials: Extract<CatalogCredentials, { kind: 'client' }>,
    asked: Asked,
  ): Promise<{ text: string; untilMs: number }> {
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: credentials.clientId,
      client_secret: credentials.clientSecret,
      scope: credentials.scope ?? 'catalog',
    });
    const body = Buffer.from(form.toString());
    const url = credentials.tokenUrl ?? this.#defaultUrl;
    const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' };
    const answer = await this.#sender.send({ method: 'POST', url, headers, body, ...asked });
    // The answer's text stays out of the message: it may hold what is not to be logged.
    if (answer.status !== 200)
      throw new IcebergError('Glue.AccessDenied', `the token endpoint answered ${answer.status}`, {
        isRetryable: answer.status >= 500,
      });
    const { access_token: text, expires_in: seconds } = readToken(answer.body);
    if (typeof text !== 'string' || text === '')
      throw new IcebergError('Glue.AccessDenied', 'the token endpoint answered no token');
    const lifeMs = typeof seconds === 'number' ? Math.max(0, seconds * 1000 - earlyMs) : defaultLifeMs;
    return { text, untilMs: this.#clock.monotonicMs() + lifeMs };
  }
}

function readToken(body: string): { access_token?: unknown; expires_in?: unknown } {
  try {
    return (JSON.parse(body) ?? {}) as object;
  } catch {
    return {};
  }
}
