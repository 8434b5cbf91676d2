import type { Room } from '@millrace/model';

/** One HTTP exchange, whatever the version. Between server/listen, which frames it, and the protocols, which read it. */
export interface HttpRequest {
  readonly method: string;
  /** As sent, percent-encoded, without the query. */
  readonly path: string;
  /** The raw query without '?', '' when there is none. */
  readonly query: string;
  /** Names in lower case; repeated ones joined by ', '. No prototype. */
  readonly headers: Readonly<Record<string, string>>;
  /** Whole, at most the listener's limit. Valid until the handler has answered. */
  readonly body: Buffer;
  /**
   * Memory for what is made of the body and for the answer's body, valid until the answer is written; undefined where the
   * listener has none to lend.
   */
  readonly room?: Room;
  readonly httpVersion: '1.0' | '1.1' | '2.0';
  readonly secure: boolean;
  readonly remoteAddress: string;
  /** Fires when the client is gone. */
  readonly signal: AbortSignal;
  /** Calls `run` when the answer has gone, or the client has. */
  onAnswered(run: () => void): void;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /**
   * Whole, or pushed piece by piece: the listener takes the next piece only when the socket (and HTTP/2 window) took the
   * last, and calls `return` on it when the client leaves.
   */
  readonly body: Buffer | string | AsyncIterable<Uint8Array>;
}
