/** AWS's limit of an answer. */
export const mostAnswerBytes = 6_291_556;
/** The longest frame from a worker: an answer with its header. */
export const mostFrameBytes = mostAnswerBytes + 65_536;

/** The file descriptors of a worker process that messages come and go by. */
export const workerDescriptors = { in: 3, out: 4 } as const;

/** What a worker process is told; the event itself, JSON, is the frame's body. */
export type ToWorker =
  | { readonly type: 'start'; readonly path: string; readonly handler: string; readonly spelled: string }
  | {
      readonly type: 'invoke';
      readonly requestId: string;
      readonly arn: string;
      /** Milliseconds left when it was sent. */
      readonly remainingMs: number;
    };

/** What a worker process tells; an answer or an error as JSON, or a text of the log, is the frame's body. */
export type FromWorker =
  | { readonly type: 'ready' }
  | { readonly type: 'done'; readonly maxBytes: number }
  /** In the place of an answer that is too large to be one. */
  | { readonly type: 'tooLarge'; readonly bytes: number }
  /** `ends` where the process is not to be used again. */
  | { readonly type: 'failed'; readonly ends: boolean }
  | { readonly type: 'log' };

const types: ReadonlySet<unknown> = new Set([
  'ready',
  'done',
  'tooLarge',
  'failed',
  'log',
] satisfies FromWorker['type'][]);

/** What a worker told. Throws where it is none of that: a function can write what it likes to its process's descriptors. */
export function fromWorker(header: Readonly<Record<string, unknown>>): FromWorker {
  const { type, maxBytes = 0, bytes = 0 } = header;
  if (!types.has(type) || typeof maxBytes !== 'number' || typeof bytes !== 'number')
    throw new Error('a message that is none');
  return header as FromWorker;
}
