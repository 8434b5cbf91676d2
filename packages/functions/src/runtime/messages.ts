/** What a worker process is told. */
export type ToWorker =
  | { readonly type: 'start'; readonly path: string; readonly handler: string; readonly spelled: string }
  | {
      readonly type: 'invoke';
      readonly requestId: string;
      /** JSON. */
      readonly event: string;
      readonly arn: string;
      /** Milliseconds left when it was sent. */
      readonly remainingMs: number;
    };

/** What a worker process tells. */
export type FromWorker =
  | { readonly type: 'ready' }
  /** The payload of an answer, or of an error: JSON. `ends` where the process is not to be used again. */
  | { readonly type: 'done'; readonly payload: string; readonly maxBytes: number }
  | { readonly type: 'failed'; readonly payload: string; readonly ends: boolean }
  | { readonly type: 'log'; readonly text: string };
