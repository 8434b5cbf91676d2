import { DescribeStreamSummaryCommand, ListStreamsCommand } from '@aws-sdk/client-kinesis';
import type { ListStreamsCommandOutput, StreamDescriptionSummary } from '@aws-sdk/client-kinesis';
import type { Command } from '../command.ts';
import { table } from '../draw.ts';

export const streams: Command = {
  usage: 'streams',
  help: 'the streams, with status, mode, shards and retention',
  takes: [0, 0],
  flags: {},
  async run({ client, isJson, io }) {
    const names: string[] = [];
    let page: ListStreamsCommandOutput;
    do {
      const last = names.at(-1);
      page = await client.send(new ListStreamsCommand(last === undefined ? {} : { ExclusiveStartStreamName: last }));
      names.push(...(page.StreamNames ?? []));
    } while (page.HasMoreStreams === true);
    const found: StreamDescriptionSummary[] = [];
    for (const StreamName of names) {
      const { StreamDescriptionSummary: summary } = await client.send(new DescribeStreamSummaryCommand({ StreamName }));
      found.push(summary!);
      if (isJson) io.stdout.write(`${JSON.stringify(summary)}\n`);
    }
    if (isJson) return 0;
    const rows = found.map((one) => [
      one.StreamName!,
      one.StreamStatus!,
      one.StreamModeDetails?.StreamMode ?? '',
      one.OpenShardCount ?? 0,
      one.ConsumerCount ?? 0,
      `${one.RetentionPeriodHours} h`,
      one.StreamCreationTimestamp?.toISOString() ?? '',
    ]);
    io.stdout.write(
      found.length === 0
        ? 'no streams\n'
        : table(['stream', 'status', 'mode', 'shards', 'consumers', 'retention', 'created'], rows),
    );
    return 0;
  },
};
