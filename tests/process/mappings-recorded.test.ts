/**
 * Event source mappings do, step by step, what AWS was recorded to do in 28 cases; three of them are about records' ages and
 * stand, by a clock that the test runs, in packages/functions/test/recorded-ages.test.ts.
 */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { RecordedCase, recordedAccount, recordedCases } from '../../packages/functions/test/recorded.ts';
import { until } from '../../tools/demo/until.ts';
import { startServer } from '../../tools/server-process.ts';
import type { ServerProcess } from '../../tools/server-process.ts';
import { asRecorded, MappingsStage } from './mappings-stage.ts';

const limited = { BatchSize: 1, MaximumBatchingWindowInSeconds: 1, StartingPosition: 'TRIM_HORIZON' };
const ten = (key: string): (readonly [string, string])[] =>
  Array.from({ length: 10 }, (_, at) => [key, `{"record_id": ${at}}`] as const);

let folder: string;
let server: ServerProcess;
let stage: MappingsStage;
const compared = new Set<string>();

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-mappings-recorded-'));
  server = await startServer([
    ...['--transition-ms', '50', '--account', recordedAccount],
    ...['--limits', 'none', '--data', join(folder, 'data')],
  ]);
  stage = new MappingsStage(server.endpoint, folder);
});

after(async () => {
  assert.equal(await server.stop(), 0);
  await rm(folder, { recursive: true });
});

interface Play {
  readonly recorded: RecordedCase;
  /** Of streams and functions of this case. */
  readonly name: string;
}

/** Plays a case; every step that was recorded must have been compared. */
function played(name: string, play: (at: Play) => Promise<void>): void {
  compared.add(name);
  const number = compared.size;
  test(name, { timeout: 120_000 }, async () => {
    const recorded = new RecordedCase(name);
    await play({ recorded, name: `case-${number}` });
    recorded.end();
  });
}

const createStep = 'create_event_source_mapping_response';

/** A stream and a function, mapped; answers the mapping's UUID and the stream's ARN. */
async function mapped({ recorded, name }: Play, settings: object, answer?: string): Promise<unknown> {
  const [EventSourceArn] = await Promise.all([stage.stream(name), stage.function(name, answer)]);
  const made = await stage.create({ FunctionName: `f-${name}`, EventSourceArn, ...settings });
  recorded.compare(createStep, made);
  return made['UUID'];
}

describe('mappings as AWS was recorded', { concurrency: true }, () => {
  played('test_create_kinesis_event_source_mapping', async (at) => {
    const uuid = await mapped(at, { StartingPosition: 'LATEST' });
    await stage.untilState(uuid, 'Enabled');
    await stage.put(at.name, ...Array.from({ length: 10 }, (_, n) => [`test_${n}`, 'hello'] as const));
    at.recorded.compare('kinesis_records', (await stage.events(at.name, 1))[0]);
  });

  played('test_kinesis_event_source_mapping_with_async_invocation', async (at) => {
    const uuid = await mapped(at, { StartingPosition: 'LATEST', BatchSize: 10 });
    await stage.untilState(uuid, 'Enabled');
    for (const key of ['test_0', 'test_1']) await stage.put(at.name, ...ten(key));
    at.recorded.compare('invocation_events', await stage.calls(at.name, 2));
  });

  played('test_kinesis_event_source_trim_horizon', async (at) => {
    const [EventSourceArn] = await Promise.all([stage.stream(at.name), stage.function(at.name)]);
    for (const key of ['test_0', 'test_1']) await stage.put(at.name, ...ten(key));
    const settings = { FunctionName: `f-${at.name}`, EventSourceArn, StartingPosition: 'TRIM_HORIZON', BatchSize: 10 };
    at.recorded.compare(createStep, await stage.create(settings));
    await stage.put(at.name, ...ten('test_3'));
    at.recorded.compare('invocation_events', await stage.calls(at.name, 3));
  });

  played('test_disable_kinesis_event_source_mapping', async (at) => {
    const uuid = await mapped(at, { StartingPosition: 'LATEST', BatchSize: 10 });
    await stage.untilState(uuid, 'Enabled');
    await stage.put(at.name, ...ten('test'));
    at.recorded.compare('invocation_events', await stage.events(at.name, 1));
    assert.equal((await stage.lambda('PUT', `event-source-mappings/${String(uuid)}`, { Enabled: false })).status, 202);
    await stage.untilState(uuid, 'Disabled');
    await stage.put(at.name, ...ten('test'));
    // Another mapping of the stream has seen them: this one has not.
    const other = await stage.function(`${at.name}-other`);
    const EventSourceArn = `arn:aws:kinesis:us-east-1:${recordedAccount}:stream/${at.name}`;
    await stage.create({ FunctionName: other, EventSourceArn, StartingPosition: 'TRIM_HORIZON', BatchSize: 10 });
    await stage.events(`${at.name}-other`, 2);
    assert.equal((await stage.events(at.name, 1)).length, 1);
  });

  for (const [name, step] of [
    ['test_kinesis_event_source_mapping_with_on_failure_destination_config', 'sqs_payload'],
    ['test_kinesis_event_source_mapping_with_sns_on_failure_destination_config', 'failure_sns_message'],
  ] as const)
    played(name, async (at) => {
      const Destination = await stage.stream(`${at.name}-told`);
      const OnFailure = { Destination };
      await mapped(at, { ...limited, MaximumRetryAttempts: 1, DestinationConfig: { OnFailure } }, 'throw');
      await stage.put(at.name, ['custom', '{"input": "hello", "value": "world", "raise_error": 1}']);
      at.recorded.same(await stage.told(`${at.name}-told`), sentOf(at.recorded.take(step)), `${name} ${step}`);
    });

  played('test_kinesis_event_source_mapping_with_s3_on_failure_destination', async (at) => {
    const DestinationConfig = { OnFailure: { Destination: 'arn:aws:s3:::told' } };
    const uuid = await mapped(at, { ...limited, MaximumRetryAttempts: 1, DestinationConfig }, 'throw');
    await stage.put(at.name, ['custom', '{"input": "hello", "value": "world", "raise_error": 1}']);
    const bucket = join(folder, 'data/buckets/told');
    let found: string[] = [];
    await until(async () => {
      const all = await readdir(bucket, { recursive: true }).catch(() => []);
      found = all.filter(
        (path) => path.includes(`${String(uuid)}/shardId-000000000000/`) && /\d-[0-9a-f-]+$/.test(path),
      );
      return found.length > 0;
    });
    const day = String.raw`\d{4}/\d\d/\d\d`;
    assert.match(
      found[0]!,
      new RegExp(`^aws/lambda/${String(uuid)}/shardId-000000000000/${day}/[0-9T.-]+-[0-9a-f-]{36}$`),
    );
    const told = JSON.parse(await readFile(join(bucket, found[0]!), 'utf8')) as Record<string, unknown>;
    // The recording has the payload's text parsed.
    at.recorded.compare('record_body', { ...told, payload: JSON.parse(String(told['payload'])) as unknown });
  });

  played('test_kinesis_event_filtering_json_pattern', async (at) => {
    const EventSourceArn = await stage.stream(at.name);
    for (const [kind, step] of [
      ['function_1', createStep],
      ['function_2', 'create_event_source_mapping_2_response'],
    ] as const) {
      const FunctionName = await stage.function(`${at.name}-${kind}`);
      const Pattern = JSON.stringify({ data: { event_type: [kind] } });
      const settings = { ...limited, MaximumRetryAttempts: 1, FilterCriteria: { Filters: [{ Pattern }] } };
      const made = await stage.create({ FunctionName, EventSourceArn, ...settings });
      const { Filters } = made['FilterCriteria'] as { Filters: { Pattern: string }[] };
      // The recording has the pattern's text parsed.
      const parsed = Filters.map((one) => ({ Pattern: JSON.parse(one.Pattern) as unknown }));
      at.recorded.compare(step, { ...made, FilterCriteria: { Filters: parsed } });
    }
    await stage.put(at.name, ['custom', '{"event_type": "function_1", "message": "foo"}']);
    await stage.put(at.name, ['custom', '{"event_type": "function_2", "message": "bar"}']);
    for (const [kind, message] of [
      ['function_1', 'foo'],
      ['function_2', 'bar'],
    ] as const) {
      const [event] = await stage.events(`${at.name}-${kind}`, 1);
      const texts = event!.Records.map((one) => atob((one['kinesis'] as { data: string }).data));
      assert.deepEqual(texts, [`{"event_type": "${kind}", "message": "${message}"}`]);
      if (kind === 'function_1') at.recorded.compare('kinesis-record-lambda-payload', `[${texts.join()}]`);
    }
  });

  played('test_duplicate_event_source_mappings', async (at) => {
    const [EventSourceArn] = await Promise.all([stage.stream(at.name), stage.function(at.name)]);
    const settings = { FunctionName: `f-${at.name}`, EventSourceArn, StartingPosition: 'LATEST' };
    at.recorded.compare('create', await stage.create(settings));
    at.recorded.compare('error', await stage.create(settings));
    const other = await stage.function(`${at.name}-2`);
    assert.equal(
      (await stage.lambda('POST', 'event-source-mappings', { ...settings, FunctionName: other })).status,
      202,
    );
  });

  played(
    'test_create_kinesis_event_source_mapping_multiple_lambdas_single_kinesis_event_stream',
    async ({ recorded, name }) => {
      const EventSourceArn = await stage.stream(name);
      const ids = ['a', 'b'] as const;
      for (const id of ids) {
        const FunctionName = await stage.function(`${name}-${id}`);
        const made = await stage.create({ FunctionName, EventSourceArn, StartingPosition: 'TRIM_HORIZON' });
        recorded.compare(`${createStep}-${id}`, made);
      }
      await stage.put(name, ['test_1', 'hello']);
      for (const id of ids) recorded.compare(`kinesis_records-${id}`, (await stage.events(`${name}-${id}`, 1))[0]);
    },
  );

  played('test_esm_with_not_existing_kinesis_stream', async ({ recorded, name }) => {
    await stage.function(name);
    const EventSourceArn = `arn:aws:kinesis:us-east-1:${recordedAccount}:stream/test-foobar-81ded7e8`;
    const settings = { FunctionName: `f-${name}`, EventSourceArn, StartingPosition: 'LATEST' };
    recorded.compare('error', asRecorded(await stage.lambda('POST', 'event-source-mappings', settings)));
  });

  played('test_kinesis_empty_provided', async (at) => {
    const uuid = await mapped(at, { ...limited, MaximumRetryAttempts: 2 });
    await stage.put(at.name, ['test', 'hello']);
    await until(async () => (await stage.get(uuid))['LastProcessingResult'] !== 'No records processed');
    at.recorded.compare('get_esm_result', await stage.get(uuid));
  });

  const reports = { FunctionResponseTypes: ['ReportBatchItemFailures'] };

  played('test_kinesis_report_batch_item_failures', async (at) => {
    const OnFailure = { Destination: await stage.stream(`${at.name}-told`) };
    const EventSourceArn = await stage.stream(at.name);
    const texts = [false, false, false, false, false, true].map((fails) => `{"should_fail": ${fails}}`);
    await stage.put(at.name, ...texts.map((text, n) => [`test_${n}`, text] as const));
    const FunctionName = await stage.function(at.name, 'report');
    const settings = {
      ...limited,
      ...reports,
      BatchSize: 3,
      MaximumRetryAttempts: 3,
      DestinationConfig: { OnFailure },
    };
    at.recorded.compare(createStep, await stage.create({ FunctionName, EventSourceArn, ...settings }));
    at.recorded.same(await stage.told(`${at.name}-told`), sentOf(at.recorded.take('sqs_payload')), at.name);
    const Records = (await stage.events(at.name, 6)).flatMap((event) => event.Records);
    at.recorded.compare('kinesis_records', { Records });
  });

  for (const [name, answer] of [
    ['empty_list_success', '[]'],
    ['null_success', 'null'],
    ['empty_dict_success', '{}'],
    ['empty_batch_item_failure_success', '{"batchItemFailures": []}'],
    ['null_batch_item_failure_success', '{"batchItemFailures": null}'],
    ['empty_string_success', '""'],
  ] as const)
    played(`test_kinesis_report_batch_item_success_scenarios[${name}]`, async (at) => {
      const uuid = await mapped(at, { ...limited, ...reports, MaximumRetryAttempts: 2 }, answer);
      await stage.put(at.name, ['test', 'hello']);
      await until(async () => (await stage.get(uuid))['LastProcessingResult'] === 'OK');
      at.recorded.compare('kinesis_events', await stage.events(at.name, 1));
    });

  for (const [name, answer] of [
    ['empty_string_item_identifier_failure', '{"batchItemFailures": [{"itemIdentifier": ""}]}'],
    ['null_item_identifier_failure', '{"batchItemFailures": [{"itemIdentifier": null}]}'],
    ['invalid_key_foo_failure', '{"batchItemFailures": [{"foo": "NUMBER"}]}'],
    ['invalid_key_foo_null_value_failure', '{"batchItemFailures": [{"foo": null}]}'],
    ['unhandled_exception_in_function', 'throw'],
    ['item_identifier_not_present_failure', '{"batchItemFailures": [{"itemIdentifier": "not-of-the-batch"}]}'],
  ] as const)
    played(`test_kinesis_report_batch_item_failure_scenarios[${name}]`, async (at) => {
      const OnFailure = { Destination: await stage.stream(`${at.name}-told`) };
      const settings = { ...limited, ...reports, MaximumRetryAttempts: 2, DestinationConfig: { OnFailure } };
      await mapped(at, settings, answer);
      await stage.put(at.name, ['test', 'hello']);
      at.recorded.same(await stage.told(`${at.name}-told`), sentOf(at.recorded.take('sqs_payload')), at.name);
      at.recorded.compare('kinesis_events', await stage.events(at.name, 3));
    });

  test('no case is left out', () => {
    const ages = recordedCases.filter((name) => name.includes('maximum_record_age'));
    assert.deepEqual([...compared, ...ages].toSorted(), recordedCases.toSorted());
  });
});

/** What a queue or a topic got, less what is theirs around it. */
function sentOf(recorded: unknown): unknown[] {
  const { Messages, Message } = recorded as { Messages?: { Body: unknown }[]; Message?: unknown };
  return Messages?.map(({ Body }) => Body) ?? [Message];
}
