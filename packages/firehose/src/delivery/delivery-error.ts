/** Why a destination did not take a record, in the destination's codes as AWS names them. */
export class DeliveryError extends Error {
  readonly code: string;
  /** It never will: it is not tried again. */
  readonly isFinal: boolean;

  constructor(code: string, message: string, isFinal = false) {
    super(message);
    this.code = code;
    this.isFinal = isFinal;
  }
}
