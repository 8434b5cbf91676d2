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
function errorLine(failed: FailedRecord, endedMs: number): string {
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

/** What is made of errors at once. An answer of 8 KiB beside each of many small records is a hundred times what they are. */
const errorObjectBytes = 8 << 20;

/** The bodies of as many objects as it takes. */
export function* errorObjects(failed: readonly FailedRecord[], endedMs: number): Generator<readonly Buffer[]> {
  let lines: Buffer[] = [];
  let bytes = 0;
  for (const record of failed) {
    const line = Buffer.from(errorLine(record, endedMs));
    lines.push(line);
    bytes += line.length;
    if (bytes < errorObjectBytes) continue;
    yield lines;
    lines = [];
    bytes = 0;
  }
  if (lines.length > 0) yield lines;
}
