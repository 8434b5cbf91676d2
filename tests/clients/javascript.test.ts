/** The unmodified AWS SDK for JavaScript v3 over HTTP/1.1, HTTP/2 with prior knowledge (its default), and TLS. */
import { Kinesis } from '@aws-sdk/client-kinesis';
import { NodeHttp2Handler, NodeHttpHandler } from '@smithy/node-http-handler';
import assert from 'node:assert/strict';
import { Agent } from 'node:https';
import { after, before, test } from 'node:test';
import { startServer } from '../../tools/server-process.ts';
import type { ServerProcess } from '../../tools/server-process.ts';
import { untilTrue } from './environments.ts';
import { streamActive } from '../../tools/stream-active.ts';

let server: ServerProcess;
before(async () => {
  server = await startServer(['--transition-ms', '20']);
  // The certificate is the server's own, made at start: nothing on this machine vouches for it.
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
});
after(async () => {
  delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
  assert.equal(await server.stop(), 0, server.log());
});

const transports = {
  'HTTP/1.1': () => ({ scheme: 'http', requestHandler: new NodeHttpHandler() }),
  'HTTP/2 on a plain port': () => ({ scheme: 'http', requestHandler: new NodeHttp2Handler() }),
  'TLS and HTTP/1.1': () => ({
    scheme: 'https',
    requestHandler: new NodeHttpHandler({ httpsAgent: new Agent({ rejectUnauthorized: false }) }),
  }),
  'TLS and HTTP/2': () => ({ scheme: 'https', requestHandler: new NodeHttp2Handler() }),
};

for (const [index, [name, transport]] of Object.entries(transports).entries()) {
  test(
    `JavaScript v3 over ${name}: puts, gets, is pushed records, sees the end of a shard`,
    { timeout: 60_000 },
    async () => {
      const { scheme, requestHandler } = transport();
      const client = new Kinesis({
        endpoint: server.endpoint.replace('http', scheme),
        region: 'us-east-1',
        credentials: { accessKeyId: 'js', secretAccessKey: 'js' },
        requestHandler,
      });
      const stream = `js-${index}`;
      try {
        await client.createStream({ StreamName: stream, ShardCount: 1 });
        const arn = (await streamActive(client, stream)).StreamARN!;
        const first = await client.putRecord({ StreamName: stream, PartitionKey: 'a', Data: Buffer.from('one') });
        const { ShardIterator: iterator } = await client.getShardIterator({
          StreamName: stream,
          ShardId: first.ShardId!,
          ShardIteratorType: 'TRIM_HORIZON',
        });
        const page = await client.getRecords({ ShardIterator: iterator! });
        assert.equal(Buffer.from(page.Records![0]!.Data!).toString(), 'one');
        assert.ok(Math.abs(page.Records![0]!.ApproximateArrivalTimestamp!.getTime() - Date.now()) < 60_000);

        const { Consumer: consumer } = await client.registerStreamConsumer({ StreamARN: arn, ConsumerName: 'c' });
        await untilTrue(async () => {
          const { ConsumerDescription: found } = await client.describeStreamConsumer({
            ConsumerARN: consumer!.ConsumerARN!,
          });
          return found?.ConsumerStatus === 'ACTIVE';
        });
        const { EventStream: events } = await client.subscribeToShard({
          ConsumerARN: consumer!.ConsumerARN!,
          ShardId: first.ShardId!,
          StartingPosition: { Type: 'TRIM_HORIZON' },
        });
        const pushed: string[] = [];
        let children: (string | undefined)[] = [];
        let split = false;
        for await (const { SubscribeToShardEvent: event } of events!) {
          pushed.push(...event!.Records!.map(({ Data }) => Buffer.from(Data!).toString()));
          if (pushed.length === 1 && !split) {
            split = true;
            await client.putRecord({ StreamName: stream, PartitionKey: 'a', Data: Buffer.from('two') });
            await client.splitShard({
              StreamName: stream,
              ShardToSplit: first.ShardId!,
              NewStartingHashKey: String(2n ** 127n),
            });
          }
          if (event!.ChildShards !== undefined) {
            children = event!.ChildShards.map(({ ShardId }) => ShardId);
            assert.equal(event!.ContinuationSequenceNumber, undefined);
          }
        }
        assert.deepEqual(pushed, ['one', 'two']);
        assert.deepEqual(children, ['shardId-000000000001', 'shardId-000000000002']);
        await assert.rejects(client.describeStream({ StreamName: 'absent' }), { name: 'ResourceNotFoundException' });
      } finally {
        client.destroy();
      }
    },
  );
}
