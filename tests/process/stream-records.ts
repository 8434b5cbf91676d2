import type { Call } from './caller.ts';

/** All that a stream holds, a shard after the other, as text. */
export async function readStream(call: Call, stream: string): Promise<string[]> {
  const { Shards } = await call('ListShards', { StreamName: stream });
  const records: string[] = [];
  for (const { ShardId } of Shards as { ShardId: string }[]) {
    const request = { StreamName: stream, ShardId, ShardIteratorType: 'TRIM_HORIZON' };
    let { ShardIterator: iterator } = await call('GetShardIterator', request);
    for (;;) {
      const page = await call('GetRecords', { ShardIterator: iterator });
      for (const { Data } of page['Records'] as { Data: string }[])
        records.push(Buffer.from(Data, 'base64').toString());
      if (page['MillisBehindLatest'] === 0) break;
      iterator = page['NextShardIterator'];
    }
  }
  return records;
}
