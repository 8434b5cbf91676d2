/** A record that could not be processed or delivered, as AWS writes it to the error prefix: a line of JSON. */
export interface FailedRecord {
  readonly arrivalMs: number;
  readonly code: string;
  readonly message: string;
  readonly data: Buffer;
  /** How often it was tried; once where it is not said. */
  readonly attempts?: number;
  /** Of the function that did not transform it. */
  readonly lambdaArn?: string;
  /** What names it at the error prefix; where it is not said, who stores it does. */
  readonly outputType?: string;
  /** What the destination's error records have besides. */
  readonly details?: Readonly<Record<string, string>>;
  /** The error prefix of its own table; the destination's where there is none. */
  readonly errorPrefix?: string | undefined;
}

/** The line of a failed record. Members are AWS's, as its guide shows them; lambdaARN is written so in what it delivers. */
export function errorLine(failed: FailedRecord, endedMs: number): string {
  const { arrivalMs, code, message, data, attempts = 1, lambdaArn, details } = failed;
  const record = {
    attemptsMade: attempts,
    arrivalTimestamp: arrivalMs,
    errorCode: code,
    errorMessage: message,
    attemptEndingTimestamp: endedMs,
    ...details,
    rawData: data.toString('base64'),
    ...(lambdaArn !== undefined && { lambdaARN: lambdaArn }),
  };
  return `${JSON.stringify(record)}\n`;
}
