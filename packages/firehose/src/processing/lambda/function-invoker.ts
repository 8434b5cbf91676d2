/** Runs functions for delivery streams: handed in by the server. */
export interface FunctionInvoker {
  /**
   * Runs a function once and resolves with what it answered, its own failures among it. Throws AwsError where it was not run:
   * there is no such function, no room, or what should run it cannot be reached.
   */
  invoke(call: FunctionCall): Promise<FunctionAnswer>;
}

export interface FunctionCall {
  readonly arn: string;
  /** Of the delivery stream, on whose behalf the function runs. */
  readonly account: string;
  readonly region: string;
  readonly requestId: string;
  /** JSON. */
  readonly payload: Buffer;
}

export interface FunctionAnswer {
  readonly payload: Buffer;
  /** Whether the payload tells of the function's failure. */
  readonly isError: boolean;
}
