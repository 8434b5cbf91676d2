import type { PayloadCodec } from '@millrace/payload';
import { mostBytes } from './limits.ts';
import type { Pending } from './pending.ts';

interface PayloadsOptions {
  readonly codec: PayloadCodec;
  /** The stream's name. */
  readonly stream: string;
  /** Gets a record when its payload, and those of all that were put before it, are made. */
  made(pending: Pending): void;
  /** The payload cannot be made: the record is never put. */
  failed(pending: Pending, message: string): void;
}

interface Making {
  readonly pending: Pending;
  state: 'making' | 'made' | 'failed';
  /** Called when it has left. */
  left: (() => void) | undefined;
}

/** Makes what travels of what was put: compressed, encrypted. Records leave in the order they came in. */
export class Payloads {
  readonly #options: PayloadsOptions;
  /** In the order of the puts. */
  readonly #makings = new Set<Making>();
  #newest: Making | undefined;

  constructor(options: PayloadsOptions) {
    this.#options = options;
  }

  add(pending: Pending): void {
    const making: Making = { pending, state: 'making', left: undefined };
    this.#makings.add(making);
    this.#newest = making;
    const { codec, stream } = this.#options;
    try {
      const data = codec.encode(pending.data, { stream, partitionKey: pending.partitionKey });
      if (data instanceof Uint8Array) this.#made(making, data);
      else
        data.then(
          (bytes) => this.#made(making, bytes),
          (error: unknown) => this.#fail(making, String(error)),
        );
    } catch (error) {
      this.#fail(making, String(error));
    }
  }

  /** Resolves when all that came before has left. */
  async drained(): Promise<void> {
    const newest = this.#newest;
    if (newest === undefined) return;
    await new Promise<void>((resolve) => {
      const { left } = newest;
      newest.left = () => {
        left?.();
        resolve();
      };
    });
  }

  /** Gives up what is not made by its deadline. */
  expire(nowMs: number): void {
    for (const making of this.#makings)
      if (making.pending.deadlineMs <= nowMs) this.#fail(making, 'not made within the time to live of the record');
  }

  #made(making: Making, data: unknown): void {
    if (making.state !== 'making') return;
    if (!(data instanceof Uint8Array)) {
      this.#fail(making, 'the codec answers no bytes');
      return;
    }
    if (data.length > mostBytes) {
      this.#fail(making, `${data.length} bytes, where ${mostBytes} are the most`);
      return;
    }
    making.pending.data = data;
    making.state = 'made';
    this.#advance();
  }

  #fail(making: Making, reason: string): void {
    if (making.state !== 'making') return;
    making.state = 'failed';
    this.#options.failed(making.pending, `the payload cannot be made: ${reason}`);
    this.#advance();
  }

  #advance(): void {
    for (const making of this.#makings) {
      if (making.state === 'making') return;
      this.#makings.delete(making);
      if (making === this.#newest) this.#newest = undefined;
      if (making.state === 'made') this.#options.made(making.pending);
      making.left?.();
    }
  }
}
