/** Why a destination did not take a record, in the destination's codes as AWS names them. */
export class DeliveryError extends Error {
  readonly code: string;
  /** It never will: it is not tried again. */
  readonly isFinal: boolean;

  constructor(code: string, message: string, options: { readonly isFinal?: boolean; readonly cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
    this.isFinal = options.isFinal ?? false;
  }
}
