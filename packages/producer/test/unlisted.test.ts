import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ListShardsCommand } from '@aws-sdk/client-kinesis';
import type { PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { DeliveryError, Producer } from '@millrace/producer';
import type { ProducerOptions } from '@millrace/producer';
import { simulatedWorld } from '@millrace/world';
import type { SimulatedWorld } from '@millrace/world';

/** A client that may put but not list, as some policies have it; it answers after 5 ms. */
function clientOf(world: SimulatedWorld): ProducerOptions['client'] {
  const send = async (command: object): Promise<object> => {
    await new Promise<void>((resolve) => void world.clock.setTimer(5, resolve));
    if (command instanceof ListShardsCommand)
      throw Object.assign(new Error('not authorized'), { name: 'AccessDeniedException' });
    const { Records } = (command as PutRecordsCommand).input;
    return {
      FailedRecordCount: 0,
      Records: Records!.map((_, at) => ({ ShardId: 'shardId-000000000000', SequenceNumber: String(at) })),
    };
  };
  return { send: send as never };
}

test('where shards cannot be listed, records go alone, and no rate of a single shard holds back the stream', async () => {
  const world = simulatedWorld(1);
  const producer = new Producer({ client: clientOf(world), stream: 's', world });
  const results = Promise.all(
    Array.from({ length: 20_000 }, (_, n) => producer.put({ partitionKey: `k${n}`, data: 'x' })),
  );
  await world.run({ forMs: 1000 });
  const { userRecordsStored, kinesisRecordsStored } = producer.metrics();
  assert.deepEqual([userRecordsStored, kinesisRecordsStored], [20_000, 20_000]);
  await results;
});

test('where shards cannot be listed, order cannot be kept: records are refused, and told why', async () => {
  const world = simulatedWorld(1);
  const producer = new Producer({ client: clientOf(world), stream: 's', ordered: true, world });
  const refused = assert.rejects(producer.put({ partitionKey: 'k', data: 'x' }), (error) => {
    assert.ok(error instanceof DeliveryError);
    assert.match(error.message, /cannot be listed: AccessDeniedException/);
    return true;
  });
  await world.run({ forMs: 5000 });
  await refused;
});
