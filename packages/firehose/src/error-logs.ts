/** Where delivery's errors are told to whoever runs a delivery stream: CloudWatch Logs, or what stands in its place. */
export interface ErrorLogs {
  /** Takes an event; what becomes of it is no concern of delivery's. */
  write(event: ErrorLogEvent): void;
}

export interface ErrorLogEvent {
  readonly account: string;
  readonly region: string;
  readonly logGroup: string;
  readonly logStream: string;
  readonly timeMs: number;
  readonly message: string;
}
