/** What a flow did since it began. */
export class Counters {
  bytesRead = 0;
  recordsParsed = 0;
  /** Records that dataProcessingOptions made others of. */
  recordsProcessed = 0;
  /** Lines that are not of the format. */
  recordsSkipped = 0;
  /** Records that could not be processed, and went as they were. */
  processingErrors = 0;
  recordsTruncated = 0;
  /** Records of a subscription's stream that are nothing of CloudWatch Logs. */
  foreignRecords = 0;
  recordsAttempted = 0;
  recordsSent = 0;
  bytesSent = 0;
  recordsFailed = 0;
  requests = 0;
  serviceErrors = 0;
  checkpointErrors = 0;
  truncationsSeen = 0;
  /** Turns in a row that failed: above 0 the flow does not get on. */
  consecutiveErrors = 0;
  lastError: string | undefined;
}
