import type { Shard } from '@aws-sdk/client-kinesis';
import { listShards } from '@millrace/consumer';
import type { Command } from '../command.ts';
import { rangeBar, rangePercent, table } from '../draw.ts';

export const shards: Command = {
  usage: 'shards STREAM',
  help: 'the shards, drawn over the space of hash keys',
  takes: [1, 1],
  flags: { all: { type: 'boolean', help: 'closed shards too' } },
  async run({ client, positionals, values, isJson, io }) {
    const found = (await listShards({ client, stream: positionals[0]! })).filter(
      (shard) => values['all'] === true || isOpen(shard),
    );
    if (isJson) {
      for (const shard of found) io.stdout.write(`${JSON.stringify(shard)}\n`);
      return 0;
    }
    const rows = found
      .map((shard) => ({
        shard,
        start: BigInt(shard.HashKeyRange!.StartingHashKey!),
        end: BigInt(shard.HashKeyRange!.EndingHashKey!),
      }))
      .sort((one, other) => (one.start < other.start ? -1 : one.start > other.start ? 1 : 0))
      .map(({ shard, start, end }) => [
        shard.ShardId!,
        rangeBar(start, end),
        `${rangePercent(start, end).toFixed(1)} %`,
        isOpen(shard) ? 'open' : 'closed',
        [shard.ParentShardId, shard.AdjacentParentShardId].filter((parent) => parent !== undefined).join(' '),
      ]);
    io.stdout.write(table(['shard', 'hash keys', '', 'state', 'parents'], rows));
    return 0;
  },
};

function isOpen({ SequenceNumberRange: range }: Shard): boolean {
  return range?.EndingSequenceNumber === undefined;
}
