import { consume, MemoryLeases, streamReference } from '@millrace/consumer';
import type { ConsumedRecord, ConsumerEvent } from '@millrace/consumer';
import { DescribeStreamSummaryCommand } from '@aws-sdk/client-kinesis';
import type { Call, Command } from '../command.ts';
import { UsageError } from '../command.ts';

export const tail: Command = {
  usage: 'tail STREAM',
  help: 'records as they come, through reshards, until interrupted',
  takes: [1, 1],
  flags: {
    from: { type: 'string', placeholder: 'LATEST|TRIM_HORIZON', help: 'where to begin (LATEST)' },
    filter: { type: 'string', placeholder: 'REGEXP', help: 'only records whose data match' },
    key: { type: 'string', placeholder: 'TEXT', help: 'only records of this partition key' },
    limit: { type: 'string', placeholder: 'N', help: 'end after so many' },
  },
  async run(call) {
    const { client, positionals, values, io } = call;
    const stream = positionals[0]!;
    const { isWanted, from, limit } = wishes(values);
    // Fails at once where there is none: the consumer would wait for it.
    await client.send(new DescribeStreamSummaryCommand(streamReference(stream)));
    let shown = 0;
    const enough = new AbortController();
    const consumer = consume({
      client,
      stream,
      leases: new MemoryLeases(),
      initialPosition: from,
      idleMs: 250,
      failoverMs: 1000,
      onEvent: (event) => tell(event, io),
      processor: (records, { shardId }) => {
        for (const record of records) {
          if (shown >= limit || !isWanted(record)) continue;
          io.stdout.write(lineOf(record, shardId, call));
          shown += 1;
        }
        if (shown >= limit) enough.abort();
      },
    });
    await new Promise<void>((resolve) => {
      for (const signal of [enough.signal, io.interrupted]) {
        signal.addEventListener('abort', () => resolve());
        if (signal.aborted) resolve();
      }
    });
    await consumer.stop();
    return 0;
  },
};

function wishes(values: Call['values']): {
  isWanted(record: ConsumedRecord): boolean;
  from: 'LATEST' | 'TRIM_HORIZON';
  limit: number;
} {
  const { from = 'LATEST', filter, key, limit = 'Infinity' } = values;
  if (from !== 'LATEST' && from !== 'TRIM_HORIZON') throw new UsageError('--from must be LATEST or TRIM_HORIZON');
  if (!(Number(limit) >= 1)) throw new UsageError('--limit must be a number from 1 on');
  let pattern: RegExp | undefined;
  try {
    pattern = typeof filter === 'string' ? new RegExp(filter) : undefined;
  } catch (error) {
    throw new UsageError(`--filter: ${(error as Error).message}`);
  }
  return {
    from,
    limit: Number(limit),
    isWanted: ({ partitionKey, data }) =>
      (key === undefined || partitionKey === key) && (pattern === undefined || pattern.test(textOf(data))),
  };
}

function textOf(data: Uint8Array): string {
  return Buffer.from(data).toString();
}

function lineOf(record: ConsumedRecord, shardId: string, { isJson }: Call): string {
  const { partitionKey, sequenceNumber, arrivedAt, data } = record;
  if (isJson)
    return `${JSON.stringify({ shardId, sequenceNumber, partitionKey, arrivedAt, data: Buffer.from(data).toString('base64') })}\n`;
  const time = arrivedAt?.toISOString().slice(11, 23) ?? '';
  return `${time}  ${shardId.slice(-4)}  ${partitionKey}  ${textOf(data).trimEnd()}\n`;
}

function tell(event: ConsumerEvent, io: Call['io']): void {
  if (event.type === 'error') io.stderr.write(`millrace: ${event.during}: ${(event.error as Error).message}\n`);
}
