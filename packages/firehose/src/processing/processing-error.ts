/** What names failed records at the error prefix. */
export type ErrorOutputType =
  | 'processing-failed'
  | 'decompression-failed'
  | 'metadata-extraction-failed'
  | 'activePartitionExceeded'
  | 'dynamic-partitioning-failed';

/** Why a record could not be processed: it goes to the error prefix as it was, and the others go on. */
export class ProcessingError extends Error {
  readonly code: string;
  readonly outputType: ErrorOutputType;

  constructor(code: string, message: string, options: ErrorOptions & { readonly outputType?: ErrorOutputType } = {}) {
    super(message, options);
    this.code = code;
    this.outputType = options.outputType ?? 'processing-failed';
  }
}
