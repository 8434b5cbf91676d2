/** One try to put a record. */
export interface Attempt {
  /** AWS's code, or the name of what kept the request from being answered. */
  readonly code: string;
  readonly message: string;
  readonly atMs: number;
}

/** A record was not stored within its time to live, or was refused for good. `attempts` tells each try. */
export class DeliveryError extends Error {
  override readonly name = 'DeliveryError';
  readonly attempts: readonly Attempt[];

  constructor(message: string, attempts: readonly Attempt[]) {
    super(message);
    this.attempts = attempts;
  }
}

/** The producer holds as much as it may: wait for `ready()`, or for the promises of earlier puts. */
export class BufferFullError extends Error {
  override readonly name = 'BufferFullError';
}

/** A record was put after `close`. */
export class ProducerClosedError extends Error {
  override readonly name = 'ProducerClosedError';
}
