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
    from: {
      type: 'string',
      placeholder: 'PLACE',
      help: 'LATEST (as it is without), TRIM_HORIZON, a time (2026-01-31T12:00:00Z), or how long ago (30s, 10m, 2h, 1d)',
    },
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

type Beginning = 'LATEST' | 'TRIM_HORIZON' | Date;

const unitMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function beginningOf(text = 'LATEST'): Beginning {
  if (text === 'LATEST' || text === 'TRIM_HORIZON') return text;
  const [, count, unit] = /^(\d+)([smhd])$/.exec(text) ?? [];
  if (count !== undefined) return new Date(Date.now() - Number(count) * unitMs[unit!]!);
  const time = new Date(text);
  if (/^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(time.getTime())) return time;
  throw new UsageError(`--from must be LATEST, TRIM_HORIZON, a time or how long ago (10m), not ${text}`);
}

function wishes(values: Call['values']): {
  isWanted(record: ConsumedRecord): boolean;
  from: Beginning;
  limit: number;
} {
  const { from, filter, key, limit = 'Infinity' } = values;
  if (!(Number(limit) >= 1)) throw new UsageError('--limit must be a number from 1 on');
  let pattern: RegExp | undefined;
  try {
    pattern = typeof filter === 'string' ? new RegExp(filter) : undefined;
  } catch (error) {
    throw new UsageError(`--filter: ${(error as Error).message}`);
  }
  return {
    from: beginningOf(from as string | undefined),
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
