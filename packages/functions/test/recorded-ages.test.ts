/** What AWS was recorded to do with records that are too old, by a clock that the test runs. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { EventSourceMappingConfiguration } from '@millrace/model/lambda';
import { RecordedCase } from './recorded.ts';
import { arn, context, stage } from './stage.ts';
import type { Stage } from './stage.ts';

const settings = {
  ...{ BatchSize: 1, MaximumBatchingWindowInSeconds: 1, MaximumRecordAgeInSeconds: 60 },
  DestinationConfig: { OnFailure: { Destination: arn.replace('/s', '/told') } },
};
const createStep = 'create_event_source_mapping_response';
const toldStep = 'record_age_exceeded_payload';

/** The answer as it goes out: `LastModified` in seconds, and with the status that the model has. */
function answered(made: EventSourceMappingConfiguration): object {
  return { ...made, ResponseMetadata: { HTTPStatusCode: 202 } };
}

/** Compares what a destination was told, but for how often the function was called: AWS's pauses are not known to the second. */
function compareTold(recorded: RecordedCase, { told }: Stage, calls: number): void {
  assert.equal(told.length, 1);
  const { Messages } = recorded.take(toldStep) as { Messages: { Body: { requestContext: object } }[] };
  const { Body } = Messages[0]!;
  const requestContext = { ...Body.requestContext, approximateInvokeCount: calls };
  recorded.same(JSON.parse(told[0]!.text), { ...Body, requestContext }, recorded.name);
}

describe('records that are too old, as AWS was recorded', () => {
  test('expire while they are retried', async () => {
    const recorded = new RecordedCase(
      'test_kinesis_maximum_record_age_exceeded[expire-while-retrying]',
      context.account,
    );
    const at = await stage(() => 'fail');
    recorded.compare(createStep, answered(await at.create({ ...settings, MaximumRetryAttempts: -1 })));
    await at.put('stream-data');
    await at.world.run({ forMs: 130_000 });
    // AWS: 8.
    assert.ok(at.seen.length >= 6 && at.seen.length <= 8, `${at.seen.length} calls`);
    compareTold(recorded, at, at.seen.length);
    recorded.end();
    await at.end();
  });

  test('expire before the mapping is there', async () => {
    const recorded = new RecordedCase(
      'test_kinesis_maximum_record_age_exceeded[expire-before-ingestion]',
      context.account,
    );
    const at = await stage(() => null);
    await at.put('stream-data');
    await at.world.run({ forMs: 61_000 });
    recorded.compare(createStep, answered(await at.create({ ...settings, MaximumRetryAttempts: 0 })));
    await at.world.run({ forMs: 5000 });
    assert.equal(at.seen.length, 0);
    compareTold(recorded, at, 1);
    recorded.end();
    await at.end();
  });

  test('are told of, and the younger ones are processed', async () => {
    const recorded = new RecordedCase('test_kinesis_maximum_record_age_exceeded_discard_records', context.account);
    const at = await stage(() => null);
    await at.putTo(1, 'test', ['stream-data-0']);
    await at.world.run({ forMs: 61_000 });
    recorded.compare(createStep, answered(await at.create({ ...settings, BatchSize: 10, MaximumRetryAttempts: 0 })));
    await at.putTo(
      1,
      'test',
      [1, 2, 3, 4, 5].map((n) => `stream-data-${n}`),
    );
    await at.world.run({ forMs: 5000 });
    compareTold(recorded, at, 1);
    recorded.compare(
      'Records',
      at.seen.flatMap(({ event }) => event['Records']),
    );
    recorded.end();
    await at.end();
  });
});
