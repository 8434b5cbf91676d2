/** The live SubscribeToShard sessions: at most one a consumer and shard. */
export interface Fanout {
  /** Ends the sessions of a deregistered consumer or a deleted stream (prefix of `${consumerArn}`). */
  endSessions(consumerArn: string): void;
  readonly openSessions: number;
  begin(consumerArn: string, shard: string, nowMs: number): { signal: AbortSignal; close(): void };
}
