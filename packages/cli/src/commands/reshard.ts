import { DescribeStreamSummaryCommand, UpdateShardCountCommand } from '@aws-sdk/client-kinesis';
import type { KinesisClient, StreamDescriptionSummary } from '@aws-sdk/client-kinesis';
import { streamReference } from '@millrace/consumer';
import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from '../command.ts';
import { UsageError } from '../command.ts';
import { Progress } from '../draw.ts';

const betweenLooksMs = 200;

export const reshard: Command = {
  usage: 'reshard STREAM COUNT',
  help: 'UpdateShardCount to so many shards, in as many steps as doubling and halving take',
  takes: [2, 2],
  flags: {},
  async run({ client, positionals, isJson, io }) {
    const [stream, text] = positionals as [string, string];
    const target = Number(text);
    if (!Number.isInteger(target) || target < 1)
      throw new UsageError(`COUNT must be a whole number from 1 on, not ${text}`);
    const progress = new Progress(io.stderr);
    let present = await active(client, stream, progress);
    const before = present.OpenShardCount!;
    while (present.OpenShardCount !== target && !io.interrupted.aborted) {
      const step = nextStep(present.OpenShardCount!, target);
      const change = { ...streamReference(stream), TargetShardCount: step, ScalingType: 'UNIFORM_SCALING' as const };
      await client.send(new UpdateShardCountCommand(change));
      present = await active(client, stream, progress);
    }
    progress.end();
    io.stdout.write(
      isJson
        ? `${JSON.stringify({ stream, before, after: present.OpenShardCount })}\n`
        : `${stream}: ${before} shards before, ${present.OpenShardCount} now\n`,
    );
    return present.OpenShardCount === target ? 0 : 1;
  },
};

/** AWS takes at most twice as many at once, and at least half as many. */
function nextStep(present: number, target: number): number {
  return target > present ? Math.min(target, present * 2) : Math.max(target, Math.ceil(present / 2));
}

async function active(client: KinesisClient, stream: string, progress: Progress): Promise<StreamDescriptionSummary> {
  for (;;) {
    const { StreamDescriptionSummary: summary } = await client.send(
      new DescribeStreamSummaryCommand(streamReference(stream)),
    );
    if (summary!.StreamStatus === 'ACTIVE') return summary!;
    progress.show(`${stream}: ${summary!.StreamStatus}, ${summary!.OpenShardCount} shards`);
    await delay(betweenLooksMs);
  }
}
