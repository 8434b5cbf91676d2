import { AwsError } from '@millrace/model';
import type { Fanout } from './fanout.ts';

const takeoverAfterMs = 5000;

interface Session {
  readonly startedMs: number;
  readonly stop: AbortController;
}

/** One subscription a consumer and shard: a second is refused for five seconds, then it takes the first one's place. */
export class Sessions implements Fanout {
  readonly #open = new Map<string, Session>();

  get openSessions(): number {
    return this.#open.size;
  }

  /** Throws ResourceInUseException. The signal fires when the session has to end; `close` must be called in any case. */
  begin(consumerArn: string, shard: string, nowMs: number): { signal: AbortSignal; close(): void } {
    const key = `${consumerArn} ${shard}`;
    const present = this.#open.get(key);
    if (present !== undefined && nowMs - present.startedMs < takeoverAfterMs) {
      throw new AwsError(
        'ResourceInUseException',
        `Another active subscription exists for this consumer: ${consumerArn} and shard ${shard}.`,
      );
    }
    present?.stop.abort();
    const session: Session = { startedMs: nowMs, stop: new AbortController() };
    this.#open.set(key, session);
    return {
      signal: session.stop.signal,
      close: () => {
        if (this.#open.get(key) === session) this.#open.delete(key);
      },
    };
  }

  endSessions(consumerArn: string): void {
    for (const [key, { stop }] of this.#open) if (key.startsWith(`${consumerArn} `)) stop.abort();
  }

  endAll(): void {
    for (const { stop } of this.#open.values()) stop.abort();
  }
}
