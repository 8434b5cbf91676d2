/** How requests go to a catalog: handed in by the server. Firehose's HttpSender is one. */
export interface CatalogSender {
  /** Rejects where no answer came. Redirections are answers. */
  send(request: CatalogRequest): Promise<CatalogAnswer>;
}

export interface CatalogRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
  /** Then the request has failed. */
  readonly timeoutMs: number;
  /** An answer of more is cut there. */
  readonly maxAnswerBytes: number;
  /** Fires when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

export interface CatalogAnswer {
  readonly status: number;
  readonly body: string;
}
