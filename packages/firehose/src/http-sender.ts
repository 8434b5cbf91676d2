/** How requests go to HTTP endpoints: handed in by the server. */
export interface HttpSender {
  /** Rejects where no answer came. Redirections are answers. */
  post(request: HttpPost): Promise<HttpAnswer>;
}

export interface HttpPost {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Then the request has failed. */
  readonly timeoutMs: number;
  /** An answer of more is cut there. */
  readonly maxAnswerBytes: number;
  /** Fires when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}
