import type { RunningFlow } from '../agent.ts';
import type { Counters } from '../sending/counters.ts';

type Counted = { readonly [Name in keyof Counters]: Counters[Name] extends number ? Name : never }[keyof Counters];

/** By the counter: its name for Prometheus, and what it counts. */
const counted: Readonly<Record<Exclude<Counted, 'consecutiveErrors'>, readonly [string, string]>> = {
  bytesRead: ['bytes_read', 'Bytes read from the source.'],
  recordsParsed: ['records_parsed', 'Records found in the source.'],
  recordsProcessed: ['records_processed', 'Records that were processed.'],
  recordsSkipped: ['records_skipped', 'Records that are not of the format.'],
  processingErrors: ['processing_errors', 'Records that could not be processed and went as they were.'],
  recordsTruncated: ['records_truncated', 'Records that had to be cut.'],
  foreignRecords: ['foreign_records', 'Records of a subscription’s stream that are nothing of CloudWatch Logs.'],
  recordsAttempted: ['record_send_attempts', 'Records that were sent, each time.'],
  recordsSent: ['records_sent', 'Records that were stored.'],
  bytesSent: ['bytes_sent', 'Bytes that were stored.'],
  recordsFailed: ['record_send_errors', 'Records that were refused one by one.'],
  requests: ['requests', 'Requests to the destination.'],
  serviceErrors: ['service_errors', 'Requests that failed as a whole.'],
  checkpointErrors: ['checkpoint_errors', 'Checkpoints that could not be written.'],
  truncationsSeen: ['truncations', 'Files that were truncated.'],
};

/** All counts of all flows in Prometheus's text format. */
export function prometheusText(flows: readonly RunningFlow[]): string {
  const lines: string[] = [];
  const add = (name: string, type: string, help: string, valueOf: (flow: RunningFlow) => number): void => {
    lines.push(`# HELP millrace_agent_${name} ${help}`, `# TYPE millrace_agent_${name} ${type}`);
    for (const flow of flows)
      lines.push(`millrace_agent_${name}{flow="${escapeLabel(flow.configuration.id)}"} ${valueOf(flow)}`);
  };
  for (const [counter, [name, help]] of Object.entries(counted))
    add(`${name}_total`, 'counter', help, ({ parts }) => parts.counters[counter as keyof typeof counted]);
  add('bytes_behind', 'gauge', 'Bytes of the files that are not stored yet.', ({ source }) =>
    source.files.reduce((sum, { bytesBehind }) => sum + bytesBehind, 0),
  );
  add('files', 'gauge', 'Files that are tailed.', ({ source }) => source.files.length);
  add('buffered_bytes', 'gauge', 'Bytes read and not stored yet.', ({ parts }) => parts.publisher.bufferedBytes);
  add(
    'consecutive_errors',
    'gauge',
    'Turns in a row that failed: above 0 the flow does not get on.',
    ({ parts }) => parts.counters.consecutiveErrors,
  );
  return `${lines.join('\n')}\n`;
}

function escapeLabel(text: string): string {
  return text.replace(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`));
}
