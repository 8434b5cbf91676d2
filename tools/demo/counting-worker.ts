/**
 * A worker of the demo's application: says on standard output which lines it processed and which shards it has, a page a line.
 *
 * usage: node counting-worker.ts ENDPOINT STREAM NAME
 */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KinesisClient } from '@aws-sdk/client-kinesis';
import { consume, DynamoDBLeases } from '@millrace/consumer';
import type { Consumer } from '@millrace/consumer';

const [endpoint, stream, workerId] = process.argv.slice(2) as [string, string, string];
const settings = { endpoint, region: 'us-east-1', credentials: { accessKeyId: 'demo', secretAccessKey: 'demo' } };

const consumer: Consumer = consume({
  client: new KinesisClient(settings),
  stream,
  leases: new DynamoDBLeases(new DynamoDBClient(settings), 'demo-counters'),
  workerId,
  // A worker that is killed leaves its shards to the others after this long.
  failoverMs: 3000,
  idleMs: 250,
  onEvent: () => void tell([]),
  processor: (records) => tell(records.map(({ data }) => Number((JSON.parse(textOf(data)) as { line: string }).line))),
});

/** Resolves when the pipe has it: only then is the page checkpointed. */
function tell(lines: readonly number[]): Promise<void> {
  const shards = consumer.metrics().shards.map(({ shardId }) => shardId);
  return new Promise((resolve) => process.stdout.write(`${JSON.stringify({ shards, lines })}\n`, () => resolve()));
}

function textOf(data: Uint8Array): string {
  return Buffer.from(data).toString();
}

process.once('SIGTERM', () => void consumer.stop());
await consumer.done;
