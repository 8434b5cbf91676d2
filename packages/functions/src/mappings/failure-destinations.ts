/** Where batches go that a function could not process. Handed in by the server. */
export interface FailureDestinations {
  /** Why this ARN or URL can be none; undefined when it can. */
  problem(destination: string): string | undefined;
  /**
   * Stores what is told of a batch; durable when it resolves. Sending the same again is harmless. `signal` fires when nobody waits
   * any more.
   */
  send(destination: string, failure: FailureToSend, signal: AbortSignal): Promise<void>;
}

export interface FailureToSend {
  /** JSON. */
  readonly text: string;
  /** Where it goes into a bucket: the object's key; and the text with the batch itself. */
  readonly objectKey: string;
  readonly textWithPayload: string;
  readonly partitionKey: string;
}
