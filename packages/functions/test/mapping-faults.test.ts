/** What would make a mapping stand still, spin, repeat or forget; by a clock that the test runs. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { functionOperations } from '@millrace/functions';
import { AwsError } from '@millrace/model';
import { context, shardOf, stage } from './stage.ts';
import type { Stage } from './stage.ts';

const onFailure = { DestinationConfig: { OnFailure: { Destination: 'arn:aws:s3:::told' } } };
const textsOf = ({ seen }: Stage): string[][] => seen.map(({ texts }) => texts);
const toldOf = ({ told }: Stage): { condition: string; batchSize: number; invocations: number }[] =>
  told.map(({ text }) => {
    const { requestContext, KinesisBatchInfo } = JSON.parse(text) as Record<string, Record<string, unknown>>;
    return {
      condition: String(requestContext!['condition']),
      batchSize: Number(KinesisBatchInfo!['batchSize']),
      invocations: Number(requestContext!['approximateInvokeCount']),
    };
  });

/** Counts the log's reads from now on. */
function readsOf({ log }: Stage): { count: number } {
  const reads = { count: 0 };
  const read = log.read.bind(log);
  log.read = (...args) => {
    reads.count += 1;
    return read(...args);
  };
  return reads;
}

async function update(at: Stage, UUID: string, settings: object): Promise<void> {
  const { service } = at.functions;
  await at.settled(
    Promise.resolve(functionOperations.UpdateEventSourceMapping(service, { UUID, ...settings }, context)),
  );
  await at.world.run({ forMs: 1000 });
}

describe('a mapping', () => {
  test('passes over data that are brackets alone, a megabyte deep, before a filter', async () => {
    const at = await stage(() => null);
    const deep = 500_000;
    await at.put(`${'['.repeat(deep)}"x"${']'.repeat(deep)}`, '["y"]', '[["x"]]');
    await at.map({ FilterCriteria: { Filters: [{ Pattern: '{"data": ["y"]}' }] } });
    await at.world.run({ forMs: 2000 });
    assert.deepEqual(textsOf(at), [['["y"]']]);
    await at.end();
  });

  test('tells at once of a record that is larger than an event may be, and goes on', async () => {
    const at = await stage(() => null);
    await at.put('before', 'x'.repeat(6_000_000), 'after');
    await at.map({ ...onFailure });
    await at.world.run({ forMs: 2000 });
    assert.deepEqual(textsOf(at), [['before'], ['after']]);
    assert.deepEqual(toldOf(at), [{ condition: 'MaximumPayloadSizeExceeded', batchSize: 1, invocations: 1 }]);
    await at.end();
  });

  test('never calls with more than 6 MB, whatever the keys are made of', async () => {
    const sizes: number[] = [];
    const at = await stage((_texts, event) => {
      sizes.push(Buffer.byteLength(JSON.stringify(event)));
      return null;
    });
    for (const key of ['k', '\u0001'.repeat(256), '"'.repeat(256), '\u{1f600}'.repeat(128)])
      for (let round = 0; round < 4; round += 1) await at.putTo(1, key, Array<string>(1000).fill('x'.repeat(97)));
    await at.map({ BatchSize: 10_000, TumblingWindowInSeconds: 900 });
    await at.world.run({ forMs: 5000 });
    assert.ok(sizes.length > 1 && sizes.every((bytes) => bytes <= 6_291_456), sizes.join());
    assert.ok(sizes[0]! > 5_000_000, `${sizes[0]} bytes are little`);
    assert.equal(textsOf(at).flat().length, 16_000);
    await at.end();
  });

  test('of a stream that is deleted rests, says so, and ends; one made anew is not its stream', async () => {
    const at = await stage(() => null);
    await at.putTo(1, 'k', ['1']);
    const uuid = await at.map({ ParallelizationFactor: 10 });
    await at.world.run({ forMs: 1000 });
    const { stream } = at.source;
    at.source.stream = undefined;
    await at.settled(at.log.delete(1));
    await at.world.run({ forMs: 1000 });
    const reads = readsOf(at);
    await at.world.run({ forMs: 60_000 });
    assert.ok(reads.count < 10, `${reads.count} reads a minute of a stream that is not there`);
    const { lastResult } = at.functions.service.state.mappings.get(uuid)!;
    assert.equal(lastResult, 'PROBLEM: Stream not found');
    await at.settled(at.log.create(2));
    at.source.stream = { ...stream!, id: 'two', shards: [shardOf(2)] };
    await at.putTo(2, 'k', ['of another stream']);
    await at.world.run({ forMs: 5000 });
    assert.deepEqual(textsOf(at), [['1']]);
    await at.end();
  });

  test('reads on where it was when its consumer is there again', async () => {
    const at = await stage(() => null);
    await at.map({});
    await at.put('1');
    await at.world.run({ forMs: 1000 });
    const { stream } = at.source;
    at.source.stream = undefined;
    await at.world.run({ forMs: 1000 });
    await at.put('2');
    await at.world.run({ forMs: 5000 });
    assert.deepEqual(textsOf(at), [['1']]);
    at.source.stream = stream;
    await at.world.run({ forMs: 2000 });
    await at.put('3');
    await at.world.run({ forMs: 2000 });
    assert.deepEqual(textsOf(at).flat(), ['1', '2', '3']);
    await at.end();
  });

  test('whose shard is forgotten while it retries goes on with the children', async () => {
    const at = await stage((texts) => (texts.includes('poison') ? 'fail' : null));
    await at.put('poison');
    await at.map({});
    await at.world.run({ forMs: 5000 });
    await at.settled(at.log.close(1));
    await at.settled(at.log.create(2));
    const { stream } = at.source;
    at.source.stream = { ...stream!, shards: [shardOf(1, { endIndex: 1 }), shardOf(2, { parents: [1] })] };
    await at.putTo(2, 'k', ['child']);
    await at.world.run({ forMs: 60_000 });
    assert.ok(!textsOf(at).flat().includes('child'), 'a child before its parent');
    // Its records are too old, and the shard with them.
    at.source.stream = { ...stream!, shards: [shardOf(2, { parents: [1] })] };
    await at.settled(at.log.delete(1));
    await at.world.run({ forMs: 120_000 });
    assert.ok(textsOf(at).flat().includes('child'));
    const calls = at.seen.length;
    const reads = readsOf(at);
    await at.world.run({ forMs: 300_000 });
    assert.equal(at.seen.length, calls);
    assert.ok(reads.count < 10, `${reads.count} reads of a shard that is not there`);
    await at.end();
  });

  test('goes on behind what was trimmed before it was read', async () => {
    const at = await stage(() => null);
    const uuid = await at.map({});
    await at.put('1');
    await at.world.run({ forMs: 1000 });
    await update(at, uuid, { Enabled: false });
    await at.put('2', '3');
    await at.world.run({ forMs: 60_000 });
    await at.settled(at.log.trim(1, at.world.clock.now() - 1000));
    await at.put('4');
    await update(at, uuid, { Enabled: true });
    await at.world.run({ forMs: 2000 });
    assert.deepEqual(textsOf(at), [['1'], ['4']]);
    await at.end();
  });

  test('repeats nothing of the keys beside one that fails for hours, when it is updated', async () => {
    const at = await stage((texts) => (texts[0]!.startsWith('poison') ? 'fail' : null));
    const uuid = await at.map({ ParallelizationFactor: 4, BatchSize: 1 });
    for (let n = 0; n < 20; n += 1) for (const key of ['a', 'b', 'c', 'd', 'e']) await at.putTo(1, key, [`${key}${n}`]);
    await at.putTo(1, 'poisoned', ['poison']);
    for (const key of ['a', 'b', 'c', 'd', 'e']) await at.putTo(1, key, [`${key}20`]);
    await at.world.run({ forMs: 100_000 });
    await update(at, uuid, { MaximumRetryAttempts: 5000 });
    await at.world.run({ forMs: 100_000 });
    const good = textsOf(at)
      .flat()
      .filter((text) => text !== 'poison');
    assert.equal(new Set(good).size, good.length, 'records came twice');
    // Of another factor the lanes are others: what is not known to be done is repeated, in order, and nothing is missing.
    await update(at, uuid, { ParallelizationFactor: 3, MaximumRetryAttempts: 0 });
    await at.world.run({ forMs: 100_000 });
    const all = textsOf(at).flat();
    for (const key of ['a', 'b', 'c', 'd', 'e']) {
      const own = all.filter((text) => text.startsWith(key));
      assert.equal(new Set(own).size, 21);
      assert.deepEqual(
        [...new Set(own)],
        Array.from({ length: 21 }, (_, n) => `${key}${n}`),
      );
    }
    await at.end();
  });

  test('halves, reports, retries and gives up together: each good record is taken, the bad one is told of alone', async () => {
    const at = await stage((texts, event) => {
      const bad = texts.indexOf('bad');
      if (bad === -1) return null;
      const { Records } = event as { Records: { kinesis: { sequenceNumber: string } }[] };
      return bad > 2 ? { batchItemFailures: [{ itemIdentifier: Records[bad]!.kinesis.sequenceNumber }] } : 'fail';
    });
    const texts = Array.from({ length: 100 }, (_, n) => (n === 61 ? 'bad' : `good ${n}`));
    await at.put(...texts);
    await at.map({
      ...{ BisectBatchOnFunctionError: true, FunctionResponseTypes: ['ReportBatchItemFailures'], ...onFailure },
      ...{ MaximumRetryAttempts: 2, MaximumRecordAgeInSeconds: 600 },
    });
    await at.world.run({ forMs: 300_000 });
    assert.deepEqual(toldOf(at), [{ condition: 'RetryAttemptsExhausted', batchSize: 1, invocations: 3 }]);
    const { payload } = JSON.parse(at.told[0]!.textWithPayload) as { payload: string };
    assert.match(payload, new RegExp(Buffer.from('bad').toString('base64')));
    // All behind it were taken in batches without it, in order.
    const taken = textsOf(at)
      .filter((batch) => !batch.includes('bad'))
      .flat();
    assert.deepEqual(taken.slice(-38), texts.slice(62));
    await at.end();
  });

  test('that reports items takes a page in the place of an answer for a failure', async () => {
    let isPage = true;
    const at = await stage(() => (isPage ? 'page' : null));
    await at.put('1');
    await at.map({ FunctionResponseTypes: ['ReportBatchItemFailures'] });
    await at.world.run({ forMs: 5000 });
    assert.ok(at.seen.length > 1);
    isPage = false;
    await at.world.run({ forMs: 60_000 });
    const calls = at.seen.length;
    await at.world.run({ forMs: 300_000 });
    assert.equal(at.seen.length, calls);
    await at.end();
  });

  test('whose function cannot be run costs no attempt, and says so once', async () => {
    let isThere = false;
    const at = await stage(() => {
      if (!isThere) throw new AwsError('ServiceException', 'not there', 502);
      return null;
    });
    await at.put('1');
    await at.map({ MaximumRetryAttempts: 0, ...onFailure });
    await at.world.run({ forMs: 600_000 });
    assert.equal(at.told.length, 0);
    assert.equal(at.reports.filter((text) => text.includes('cannot run its function')).length, 1);
    isThere = true;
    await at.world.run({ forMs: 61_000 });
    assert.equal(at.functions.metrics()['mappingBatches'], 1);
    await at.end();
  });

  test('holds no more of its batches than the budget, however many there are and whatever becomes of them', async () => {
    const shards = Array.from({ length: 30 }, (_, n) => shardOf(n + 1));
    let under = 0;
    let most = 0;
    const at = await stage(async (_texts, event) => {
      const bytes = Buffer.byteLength(JSON.stringify(event));
      under += bytes;
      most = Math.max(most, under);
      await new Promise<void>((resolve) => void at.world.clock.setTimer(5000, resolve));
      under -= bytes;
      return 'fail';
    });
    for (const { logId } of shards) await at.settled(at.log.create(logId));
    at.source.stream = { ...at.source.stream!, shards };
    for (const { logId } of shards) await at.putTo(logId, 'k', Array<string>(4).fill('x'.repeat(1_000_000)));
    await at.map({});
    await at.world.run({ forMs: 6000 });
    assert.ok(at.seen.length >= 30, `${at.seen.length} calls`);
    assert.ok(most > 20 << 20 && most <= 128 << 20, `${most >> 20} MiB`);
    await at.end();
  });

  test('of the same stream and function cannot be made by an update, nor one of another account', async () => {
    const at = await stage(() => null);
    await at.map({});
    const other = await at.create({ FunctionName: 'g' });
    await at.world.run({ forMs: 1000 });
    await assert.rejects(update(at, other.UUID!, { FunctionName: 'f' }), { name: 'ResourceConflictException' });
    const foreign = at.create({ FunctionName: 'g', EventSourceArn: 'arn:aws:kinesis:us-east-1:999999999999:stream/s' });
    await assert.rejects(foreign, { message: 'Stream not found: arn:aws:kinesis:us-east-1:999999999999:stream/s' });
    const Destination = 'arn:aws:kinesis:us-east-1:999999999999:stream/s';
    await assert.rejects(update(at, other.UUID!, { DestinationConfig: { OnFailure: { Destination } } }), {
      name: 'InvalidParameterValueException',
    });
    await at.end();
  });

  test('keeps trying a record for as long as the stream has it now, not as it had it once', async () => {
    let works = false;
    const at = await stage(() => (works ? null : 'fail'));
    at.source.stream = { ...at.source.stream!, retentionMs: 300_000 };
    await at.put('kept');
    await at.map({});
    await at.world.run({ forMs: 200_000 });
    at.source.stream = { ...at.source.stream, retentionMs: 3_600_000 };
    await at.world.run({ forMs: 400_000 });
    works = true;
    const calls = at.seen.length;
    await at.world.run({ forMs: 120_000 });
    assert.equal(at.seen.length, calls + 1);
    assert.equal(at.functions.metrics()['mappingBatches'], 1);
    await at.end();
  });

  test('whose failure destination hangs can be disabled, and tells of it when it is enabled again', async () => {
    let hangs = true;
    const at = await stage(() => 'fail', {
      send: (signal) =>
        hangs
          ? new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('given up'))))
          : Promise.resolve(),
    });
    await at.put('1');
    const uuid = await at.map({ MaximumRetryAttempts: 0, ...onFailure });
    await at.world.run({ forMs: 60_000 });
    await update(at, uuid, { Enabled: false });
    assert.equal(at.functions.service.state.mappings.get(uuid)!.state, 'Disabled');
    hangs = false;
    await update(at, uuid, { Enabled: true });
    await at.world.run({ forMs: 60_000 });
    assert.deepEqual(toldOf(at), [{ condition: 'RetryAttemptsExhausted', batchSize: 1, invocations: 1 }]);
    await at.end();
  });

  test('begins other windows when their length changes', async () => {
    const at = await stage((_texts, event) => ({ state: event['state'] ?? {} }));
    await at.world.run({ forMs: 1_000_000 });
    const uuid = await at.map({ TumblingWindowInSeconds: 30 });
    await at.put('1');
    await at.world.run({ forMs: 2000 });
    await update(at, uuid, { TumblingWindowInSeconds: 7 });
    await at.put('2');
    await at.world.run({ forMs: 20_000 });
    for (const { event } of at.seen) {
      const { start, end } = event['window'] as { start: string; end: string };
      const seconds = (Date.parse(end) - Date.parse(start)) / 1000;
      assert.equal(Date.parse(start) % (seconds * 1000), 0, `${start} to ${end}`);
    }
    assert.equal(at.seen.at(-1)!.event['isFinalInvokeForWindow'], true);
    await at.end();
  });
});
