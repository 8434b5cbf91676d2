/** Shard iterators: opaque, authenticated, valid for 5 minutes, good across restarts. */
export interface IteratorCodec {
  seal(position: IteratorPosition): string;
  /** Throws AwsError InvalidArgumentException or ExpiredIteratorException with AWS's words. */
  open(iterator: string, nowMs: number): IteratorPosition;
}

export interface IteratorPosition {
  readonly account: string;
  readonly region: string;
  /** The stream's StreamId: a stream made anew under the same name does not accept old iterators. */
  readonly streamId: string;
  readonly streamName: string;
  readonly logId: number;
  readonly shardNumber: number;
  readonly index: number;
  readonly issuedMs: number;
}
