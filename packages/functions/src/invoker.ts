/**
 * Runs functions, wherever they run. What decides (retries, queues, positions) is on this side of it; the simulation plays the
 * other side.
 */
export interface Invoker {
  /**
   * Runs a function once and resolves with what it answered, its own failures among it. Throws AwsError where it was not run:
   * TooManyRequestsException when there is no room, ServiceException when what should run it cannot be reached.
   */
  invoke(call: Call): Promise<Invoked>;
  /** What is warm for a function that was changed or deleted ends, after what it runs now. */
  retire(key: string): void;
  metrics(): Readonly<Record<string, number>>;
  /** Ends all that runs. */
  stop(): Promise<void>;
}

export interface Call {
  readonly requestId: string;
  readonly runnable: Runnable;
  /** JSON. */
  readonly payload: Buffer;
}

export interface Invoked {
  readonly payload: Buffer;
  /** Undefined when the function answered; else the payload tells of its error. */
  readonly functionError: 'Handled' | 'Unhandled' | undefined;
  /** The last 4 KB of what it logged. */
  readonly logTail: Buffer;
}

/** A function as it is to be run now. */
export interface Runnable {
  /** Of the function. */
  readonly key: string;
  /** Another one where a worker that ran an earlier one must not run this. */
  readonly revision: string;
  readonly arn: string;
  readonly name: string;
  readonly region: string;
  readonly timeoutMs: number;
  readonly memoryMib: number;
  readonly target: Target;
}

export type Target =
  | {
      readonly kind: 'module';
      /** The worker's working directory. */
      readonly directory: string;
      /** Of the module, with or without its extension. */
      readonly path: string;
      /** The name that it exports; dots go into objects. */
      readonly handler: string;
      /** The handler as the API has it. */
      readonly spelled: string;
      readonly environment: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'http'; readonly url: string }
  | { readonly kind: 'aws'; readonly endpoint: string | undefined; readonly functionName: string };
