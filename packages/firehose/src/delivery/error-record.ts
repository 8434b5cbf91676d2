/** A record that could not be processed, as AWS writes it to the error prefix: a line of JSON. */
export interface FailedRecord {
  readonly arrivalMs: number;
  readonly code: string;
  readonly message: string;
  readonly data: Buffer;
}

/** The line of a failed record. Members are AWS's, as its guide shows them. */
export function errorLine({ arrivalMs, code, message, data }: FailedRecord, endedMs: number): string {
  const record = {
    attemptsMade: 1,
    arrivalTimestamp: arrivalMs,
    errorCode: code,
    errorMessage: message,
    attemptEndingTimestamp: endedMs,
    rawData: data.toString('base64'),
  };
  return `${JSON.stringify(record)}\n`;
}
