/** Why a record could not be processed: it goes to the error prefix as it was, and the others go on. */
export class ProcessingError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
