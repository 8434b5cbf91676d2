/** How requests go to HTTP endpoints: handed in by the server. */
export interface HttpSender {
  /** Rejects where no answer came. Redirections are answers. */
  send(request: HttpRequest): Promise<HttpAnswer>;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined where there is none: with GET and HEAD there must not be. */
  readonly body: Buffer | undefined;
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
  /** What Set-Cookie headers say; left out where there are none. */
  readonly cookies?: readonly string[];
}
