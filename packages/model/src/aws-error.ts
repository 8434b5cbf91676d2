/**
 * The one error that operations throw on purpose: a code of the model, AWS's words, and what the code implies.
 * protocol turns it into bytes in the caller's protocol.
 */
export class AwsError extends Error {
  /** The shape name in the model, e.g. ResourceNotFoundException. */
  readonly code: string;
  /** HTTP status: 400 for the caller's mistakes, 500 and 503 for ours. */
  readonly status: number;

  /** What the error's shape has beside its message, JSON-able. */
  readonly members: Readonly<Record<string, unknown>> | undefined;

  constructor(
    code: string,
    message: string,
    status = 400,
    options: ErrorOptions & { members?: Readonly<Record<string, unknown>> | undefined } = {},
  ) {
    super(message, options);
    this.members = options.members;
    this.name = code;
    this.code = code;
    this.status = status;
  }
}
