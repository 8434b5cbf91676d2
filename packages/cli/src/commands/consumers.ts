import { DescribeStreamSummaryCommand, ListStreamConsumersCommand } from '@aws-sdk/client-kinesis';
import type { Consumer, ListStreamConsumersCommandOutput } from '@aws-sdk/client-kinesis';
import { streamReference } from '@millrace/consumer';
import type { Command } from '../command.ts';
import { table } from '../draw.ts';

export const consumers: Command = {
  usage: 'consumers STREAM',
  help: 'the consumers registered for enhanced fan-out',
  takes: [1, 1],
  flags: {},
  async run({ client, positionals, isJson, io }) {
    const { StreamDescriptionSummary: summary } = await client.send(
      new DescribeStreamSummaryCommand(streamReference(positionals[0]!)),
    );
    const found: Consumer[] = [];
    let next: string | undefined;
    do {
      const page: ListStreamConsumersCommandOutput = await client.send(
        new ListStreamConsumersCommand({ StreamARN: summary!.StreamARN, ...(next && { NextToken: next }) }),
      );
      found.push(...(page.Consumers ?? []));
      next = page.NextToken;
    } while (next !== undefined);
    if (isJson) for (const one of found) io.stdout.write(`${JSON.stringify(one)}\n`);
    else if (found.length === 0) io.stdout.write('no consumers\n');
    else
      io.stdout.write(
        table(
          ['consumer', 'status', 'registered', 'ARN'],
          found.map((one) => [
            one.ConsumerName!,
            one.ConsumerStatus!,
            one.ConsumerCreationTimestamp?.toISOString() ?? '',
            one.ConsumerARN!,
          ]),
        ),
      );
    return 0;
  },
};
