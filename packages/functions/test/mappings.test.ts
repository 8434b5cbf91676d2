/** Mappings by a clock that the test runs: ages, retries, batching windows, tumbling windows. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { aggregate } from '@millrace/aggregation';
import type { FailureToSend } from '@millrace/functions';
import { arn, stage } from './stage.ts';

const onFailure = { DestinationConfig: { OnFailure: { Destination: arn } } };
const bodyOf = ({ text }: FailureToSend): Record<string, Record<string, unknown>> =>
  JSON.parse(text) as Record<string, Record<string, unknown>>;

describe('mappings', () => {
  test('records that are too old are told of without a call, the others are processed', async () => {
    const at = await stage(() => null);
    await at.put('old');
    await at.world.run({ forMs: 120_000 });
    await at.put('young');
    await at.map({ MaximumRecordAgeInSeconds: 60, MaximumRetryAttempts: 0, ...onFailure });
    await at.world.run({ forMs: 5000 });
    assert.deepEqual(
      at.seen.map(({ texts }) => texts),
      [['young']],
    );
    const { requestContext, responseContext, KinesisBatchInfo } = bodyOf(at.told[0]!);
    assert.equal(requestContext!['condition'], 'RecordAgeExceeded');
    assert.equal(requestContext!['approximateInvokeCount'], 1);
    assert.equal(responseContext, undefined);
    assert.deepEqual([KinesisBatchInfo!['batchSize'], KinesisBatchInfo!['startSequenceNumber']], [1, '1000']);
    await at.end();
  });

  test('records that become too old while they are retried are told of, with how often', async () => {
    const at = await stage(() => 'fail');
    await at.put('never');
    await at.map({ MaximumRecordAgeInSeconds: 60, ...onFailure });
    await at.world.run({ forMs: 200_000 });
    assert.ok(at.seen.length > 4 && at.seen.length < 10, `${at.seen.length} calls`);
    const { requestContext } = bodyOf(at.told[0]!);
    assert.equal(requestContext!['condition'], 'RecordAgeExceeded');
    assert.equal(requestContext!['approximateInvokeCount'], at.seen.length);
    assert.equal(at.told.length, 1);
    await at.end();
  });

  test('a batch that is not full waits for its window, a full one does not', async () => {
    const at = await stage(() => null);
    const uuid = await at.map({ BatchSize: 3, MaximumBatchingWindowInSeconds: 20 });
    await at.world.run({ forMs: 1000 });
    const beganMs = at.world.clock.now();
    await at.put('1', '2', '3', '4');
    await at.world.run({ forMs: 60_000 });
    assert.deepEqual(
      at.seen.map(({ texts }) => texts),
      [['1', '2', '3'], ['4']],
    );
    assert.ok(at.seen[0]!.atMs - beganMs < 1000);
    assert.ok(at.seen[1]!.atMs - beganMs >= 20_000 && at.seen[1]!.atMs - beganMs < 21_000);
    assert.equal(at.functions.service.state.mappings.get(uuid)!.lastResult, 'OK');
    assert.deepEqual(at.functions.service.state.mappings.get(uuid)!.positions, { '1': 4 });
    await at.end();
  });

  test('an aggregated record is taken apart, over batches too', async () => {
    const at = await stage(() => null);
    const users = ['a', 'b', 'c', 'd', 'e'].map((text) => ({ partitionKey: text, data: Buffer.from(text) }));
    const [packed] = aggregate(users);
    await at.put(Buffer.from(packed!.data).toString('latin1'), 'f');
    await at.map({ BatchSize: 2 });
    await at.world.run({ forMs: 5000 });
    assert.deepEqual(
      at.seen.map(({ texts }) => texts),
      [
        ['a', 'b'],
        ['c', 'd'],
        ['e', 'f'],
      ],
    );
    await at.end();
  });

  test('a tumbling window hands its state on, and ends with a last call', async () => {
    const at = await stage((texts, event) => ({
      state: { sum: ((event['state'] as { sum?: number }).sum ?? 0) + texts.length },
    }));
    await at.map({ TumblingWindowInSeconds: 30, BatchSize: 2 });
    await at.put('1', '2', '3');
    await at.world.run({ forMs: 31_000 });
    await at.put('4');
    await at.world.run({ forMs: 31_000 });
    const told = at.seen.map(({ texts, event }) => [
      texts.length,
      (event['state'] as { sum?: number }).sum ?? 0,
      event['isFinalInvokeForWindow'],
    ]);
    assert.deepEqual(told, [
      [2, 0, false],
      [1, 2, false],
      [0, 3, true],
      [1, 0, false],
      [0, 1, true],
    ]);
    await at.end();
  });
});
