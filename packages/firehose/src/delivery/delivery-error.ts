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

/** What a try failed with; `code` where it is no destination's word, but nobody answered. */
export function deliveryErrorOf(error: unknown, code: string): DeliveryError {
  return error instanceof DeliveryError ? error : new DeliveryError(code, (error as Error).message, { cause: error });
}
