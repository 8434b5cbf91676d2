import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FunctionCall, FunctionInvoker } from '@millrace/firehose';
import { AwsError } from '@millrace/model';
import { movableFirehose, s3, until } from './support.ts';
import type { TestOptions } from './support.ts';

type Opened = Awaited<ReturnType<typeof movableFirehose>>;

const arn = 'arn:aws:lambda:us-east-1:000000000000:function:f';

interface EventRecord {
  readonly recordId: string;
  readonly approximateArrivalTimestamp: number;
  readonly data: string;
  readonly kinesisRecordMetadata?: Readonly<Record<string, unknown>>;
}
interface Event {
  readonly invocationId: string;
  readonly deliveryStreamArn: string;
  readonly region: string;
  readonly records: readonly EventRecord[];
}

/** A function in this process: what it answers is what `answer` does, as JSON. */
class TestFunction implements FunctionInvoker {
  readonly calls: (FunctionCall & { readonly event: Event })[] = [];
  readonly #answer: (event: Event, call: number) => unknown;

  constructor(answer: (event: Event, call: number) => unknown) {
    this.#answer = answer;
  }

  async invoke(call: FunctionCall): Promise<{ payload: Buffer; isError: boolean }> {
    const event = JSON.parse(String(call.payload)) as Event;
    this.calls.push({ ...call, event });
    const answer = await this.#answer(event, this.calls.length);
    if (answer instanceof Error && !(answer instanceof AwsError)) return { payload: Buffer.from('{}'), isError: true };
    if (answer instanceof AwsError) throw answer;
    return { payload: Buffer.from(typeof answer === 'string' ? answer : JSON.stringify(answer)), isError: false };
  }
}

const text = ({ data }: EventRecord): string => String(Buffer.from(data, 'base64'));
const encoded = (value: string): string => Buffer.from(value).toString('base64');
const ok = (record: EventRecord, value = text(record).toUpperCase()): object => ({
  recordId: record.recordId,
  result: 'Ok',
  data: encoded(value),
});
const upper = ({ records }: Event): object => ({ records: records.map((record) => ok(record)) });

function lambda(parameters: Readonly<Record<string, string>> = {}): object {
  const all: Record<string, string> = { LambdaArn: arn, ...parameters };
  const Parameters = Object.entries(all).map(([ParameterName, ParameterValue]) => ({ ParameterName, ParameterValue }));
  return { ProcessingConfiguration: { Enabled: true, Processors: [{ Type: 'Lambda', Parameters }] } };
}

async function withFunction(
  functions: TestFunction,
  run: (firehose: Opened) => Promise<void>,
  { parameters, ...options }: Partial<TestOptions> & { readonly parameters?: Readonly<Record<string, string>> } = {},
): Promise<void> {
  const firehose = await movableFirehose({ functions, ...options });
  try {
    await firehose.call('CreateDeliveryStream', {
      DeliveryStreamName: 'd',
      ExtendedS3DestinationConfiguration: {
        ...s3,
        BufferingHints: { SizeInMBs: 5, IntervalInSeconds: 60 },
        Prefix: 'good/',
        ErrorOutputPrefix: 'bad/!{firehose:error-output-type}/',
        ...lambda(parameters),
      },
    });
    await firehose.untilActive('d');
    await run(firehose);
  } finally {
    const ended = firehose.end();
    await new Promise((resolve) => setTimeout(resolve, 20));
    firehose.world.advance(10_000);
    await ended;
  }
}

async function put({ call }: Opened, ...texts: string[]): Promise<void> {
  await call('PutRecordBatch', { DeliveryStreamName: 'd', Records: texts.map((one) => ({ Data: encoded(one) })) });
}

/** Lets time pass until objects are stored. */
async function delivered({ world, objects }: Opened, count: number, stepMs = 60_000): Promise<void> {
  await until(() => {
    if (objects.stored.length < count) world.advance(stepMs);
    return objects.stored.length >= count;
  });
}

interface ErrorLine {
  readonly attemptsMade: number;
  readonly errorCode: string;
  readonly errorMessage: string;
  readonly rawData: string;
  readonly lambdaARN?: string;
}

function errors({ objects }: Opened): ErrorLine[] {
  return objects.stored
    .filter(({ key }) => key.startsWith('bad/processing-failed/'))
    .flatMap(({ body }) => String(body).trimEnd().split('\n'))
    .map((line) => JSON.parse(line) as ErrorLine);
}

const good = ({ objects }: Opened): string =>
  objects.stored
    .filter(({ key }) => key.startsWith('good/'))
    .map(({ body }) => String(body))
    .join('');

test('a function gets the records with their ids, and what it makes of them is delivered in their order', () => {
  const functions = new TestFunction(upper);
  return withFunction(functions, async (firehose) => {
    await put(firehose, 'a ', 'b ', 'c ');
    await delivered(firehose, 1);
    assert.equal(good(firehose), 'A B C ');
    const [{ event, arn: called, account }] = functions.calls as [(typeof functions.calls)[0]];
    assert.equal(called, arn);
    assert.equal(account, '000000000000');
    assert.match(event.invocationId, /^[\da-f-]{36}$/);
    assert.equal(event.deliveryStreamArn, 'arn:aws:firehose:us-east-1:000000000000:deliverystream/d');
    assert.equal(event.region, 'us-east-1');
    assert.equal(new Set(event.records.map(({ recordId }) => recordId)).size, 3);
    assert.deepEqual(Object.keys(event.records[0]!), ['recordId', 'approximateArrivalTimestamp', 'data']);
  });
});

test('batches are as large as BufferSizeInMBs says, at most four at once, and their records stay in order', () => {
  let [running, most] = [0, 0];
  const functions = new TestFunction(async (event, call) => {
    running += 1;
    most = Math.max(most, running);
    // The later ones answer first.
    await new Promise((resolve) => setTimeout(resolve, call % 2 === 1 ? 20 : 1));
    running -= 1;
    return { records: event.records.map((record) => ok(record, `${text(record).slice(0, 4)}\n`)) };
  });
  return withFunction(
    functions,
    async (firehose) => {
      const texts = Array.from({ length: 60 }, (_, number) => String(number).padStart(4, '0').padEnd(60_000, 'x'));
      for (let at = 0; at < texts.length; at += 20) await put(firehose, ...texts.slice(at, at + 20));
      await until(() => {
        // No more than the window needs: a function has five minutes.
        if (functions.calls.length === 0) firehose.world.advance(60_000);
        return firehose.objects.stored.length === 1;
      });
      assert.deepEqual(
        good(firehose).trimEnd().split('\n'),
        texts.map((one) => one.slice(0, 4)),
      );
      assert.deepEqual(new Set(functions.calls.slice(0, -1).map(({ event }) => event.records.length)), new Set([3]));
      assert.equal(most, 4);
    },
    { parameters: { BufferSizeInMBs: '0.2' } },
  );
});

test('dropped, failed, missing, doubled records and those without data: the others are delivered', () => {
  const functions = new TestFunction(({ records }) => {
    const [dropped, failed, , doubled, empty, fine] = records as [
      EventRecord,
      EventRecord,
      EventRecord,
      EventRecord,
      EventRecord,
      EventRecord,
    ];
    return {
      records: [
        { recordId: dropped.recordId, result: 'Dropped' },
        { recordId: failed.recordId, result: 'ProcessingFailed', data: failed.data },
        ok(doubled),
        ok(doubled),
        { recordId: empty.recordId, result: 'Ok' },
        ok(fine),
        { recordId: 'of nobody', result: 'Ok', data: 'YQ==' },
      ],
    };
  });
  return withFunction(functions, async (firehose) => {
    await put(firehose, 'dropped', 'failed', 'missing', 'doubled', 'empty', 'fine');
    await delivered(firehose, 2);
    assert.equal(good(firehose), 'FINE');
    const samples = new Map([...firehose.firehose.samples()].map(({ name, value }) => [name, value]));
    assert.equal(samples.get('SucceedProcessing.Records'), 1);
    assert.equal(samples.get('SucceedProcessing.Bytes'), 4);
    assert.equal(samples.get('ExecuteProcessing.Success.Sum'), 1);
    assert.deepEqual(
      errors(firehose).map(({ errorCode, rawData, attemptsMade, lambdaARN }) => [
        String(Buffer.from(rawData, 'base64')),
        errorCode,
        attemptsMade,
        lambdaARN,
      ]),
      [
        ['failed', 'Lambda.ProcessingFailedStatus', 1, arn],
        ['missing', 'Lambda.MissingRecordId', 1, arn],
        ['doubled', 'Lambda.DuplicatedRecordId', 1, arn],
        ['empty', 'Lambda.InvalidReturnFormat', 1, arn],
      ],
    );
  });
});

for (const [what, answer, code] of [
  ['no JSON', () => '{"records":', 'Lambda.JsonProcessingException'],
  ['no records', () => ({}), 'Lambda.MissingRecordId'],
  ['null', () => null, 'Lambda.MissingRecordId'],
  [
    'a result that there is not',
    ({ records }: Event) => ({ records: records.map((one) => ({ ...ok(one), result: 'ok' })) }),
    'Lambda.FunctionError',
  ],
  [
    'data that are no base64',
    ({ records }: Event) => ({ records: records.map((one) => ({ ...ok(one), data: 'a' })) }),
    'Lambda.FunctionError',
  ],
] as const)
  test(`an answer that is wrong fails its records and stands: ${what}`, () => {
    const functions = new TestFunction(answer);
    return withFunction(functions, async (firehose) => {
      await put(firehose, 'a', 'b');
      await delivered(firehose, 1);
      assert.deepEqual(
        errors(firehose).map(({ errorCode, attemptsMade }) => [errorCode, attemptsMade]),
        [
          [code, 1],
          [code, 1],
        ],
      );
      assert.equal(functions.calls.length, 1);
    });
  });

for (const [what, failure, code] of [
  ['fails', new Error('thrown'), 'Lambda.FunctionError'],
  ['has no room', new AwsError('TooManyRequestsException', 'Rate Exceeded.', 429), 'Lambda.InvokeLimitExceeded'],
  ['does not exist', new AwsError('ResourceNotFoundException', 'Function not found', 404), 'Lambda.ResourceNotFound'],
] as const)
  test(`a function that ${what} is called again NumberOfRetries times, then its records have failed`, () => {
    const functions = new TestFunction(() => failure);
    return withFunction(
      functions,
      async (firehose) => {
        await put(firehose, 'a');
        await delivered(firehose, 1, 10_000);
        const [line] = errors(firehose);
        assert.equal(line!.errorCode, code);
        assert.equal(line!.attemptsMade, 3);
        const samples = new Map([...firehose.firehose.samples()].map(({ name, value }) => [name, value]));
        assert.equal(samples.get('ExecuteProcessing.Success.Sum'), 0);
        assert.equal(samples.get('ExecuteProcessing.Success.Count'), 3);
        const ids = functions.calls.map(({ event }) => [event.invocationId, event.records[0]!.recordId]);
        assert.equal(new Set(ids.map(([id]) => id)).size, 3);
        assert.equal(new Set(ids.map(([, id]) => id)).size, 1);
      },
      { parameters: { NumberOfRetries: '2' } },
    );
  });

test('a function that fails at first transforms the records when it is called again', () => {
  const functions = new TestFunction((event, call) => (call === 1 ? new Error('thrown') : upper(event)));
  return withFunction(functions, async (firehose) => {
    await put(firehose, 'a');
    await delivered(firehose, 1, 10_000);
    assert.equal(good(firehose), 'A');
  });
});

test('what a function makes much more of goes into several objects, each no more than twice the hints', () => {
  const functions = new TestFunction(({ records }) => ({
    records: records.map((record) =>
      ok(
        record,
        text(record)
          .slice(0, 1)
          .repeat(4 << 20),
      ),
    ),
  }));
  return withFunction(
    functions,
    async (firehose) => {
      const texts = Array.from('abcdef', (letter) => letter.repeat(300_000));
      await put(firehose, ...texts);
      await until(() => {
        if (functions.calls.length === 0) firehose.world.advance(60_000);
        return firehose.firehose.metrics()['objects'] === 1;
      });
      assert.equal(good(firehose), Array.from('abcdef', (letter) => letter.repeat(4 << 20)).join(''));
      assert.deepEqual(
        firehose.objects.stored.map(({ body }) => body.length >> 20),
        [12, 12],
      );
    },
    { parameters: { BufferSizeInMBs: '0.2' } },
  );
});

test('a function that hangs is given up after five minutes, and holds up no stop', () => {
  const functions = new TestFunction((event) =>
    event.records.length === 1 ? new Promise(() => undefined) : upper(event),
  );
  return withFunction(
    functions,
    async (firehose) => {
      await put(firehose, 'a');
      await delivered(firehose, 1, 30_000);
      assert.equal(errors(firehose)[0]!.errorCode, 'Lambda.FunctionTimedOut');
      await put(firehose, 'b');
      await until(() => {
        firehose.world.advance(60_000);
        return functions.calls.length === 2;
      });
      // The end of this test stops it while it hangs.
    },
    { parameters: { NumberOfRetries: '0' } },
  );
});

test("what ends because delivery stops has not failed: another account's function is not called at all", async () => {
  const functions = new TestFunction(upper);
  await withFunction(
    functions,
    async (firehose) => {
      await put(firehose, 'a');
      await delivered(firehose, 1);
      assert.equal(errors(firehose)[0]!.errorCode, 'Lambda.InvokeAccessDenied');
      assert.equal(functions.calls.length, 0);
    },
    { parameters: { LambdaArn: arn.replace('000000000000', '111111111111'), NumberOfRetries: '0' } },
  );
});

test('what was left out of the processor is told as AWS tells it', () =>
  withFunction(new TestFunction(upper), async ({ call }) => {
    const { DeliveryStreamDescription: description } = (await call('DescribeDeliveryStream', {
      DeliveryStreamName: 'd',
    })) as { DeliveryStreamDescription: { Destinations: { ExtendedS3DestinationDescription: object }[] } };
    const { ProcessingConfiguration: processing } = description.Destinations[0]!.ExtendedS3DestinationDescription as {
      ProcessingConfiguration: unknown;
    };
    const parameters = {
      LambdaArn: arn,
      NumberOfRetries: '3',
      BufferSizeInMBs: '1',
      BufferIntervalInSeconds: '60',
      RoleArn: s3.RoleARN,
    };
    assert.deepEqual(processing, (lambda(parameters) as { ProcessingConfiguration: object }).ProcessingConfiguration);
  }));

test('settings that cannot be are refused', async () => {
  const firehose = await movableFirehose();
  try {
    const refused = (parameters: Readonly<Record<string, string>>): Promise<string> =>
      firehose.refusal('CreateDeliveryStream', {
        DeliveryStreamName: 'd',
        ExtendedS3DestinationConfiguration: { ...s3, ...lambda(parameters) },
      });
    for (const [parameters, message] of [
      [{ LambdaArn: 'f' }, /no ARN of a Lambda function/],
      [{ BufferSizeInMBs: '0.1' }, /from 0.2 to 3 for BufferSizeInMBs/],
      [{ BufferSizeInMBs: '3.1' }, /from 0.2 to 3 for BufferSizeInMBs/],
      [{ BufferIntervalInSeconds: '901' }, /from 0 to 900 for BufferIntervalInSeconds/],
      [{ NumberOfRetries: '1.5' }, /a whole number for NumberOfRetries/],
      [{ Delimiter: 'x' }, /does not take the parameter Delimiter/],
    ] as [Record<string, string>, RegExp][])
      assert.match(await refused(parameters), message);
    const twice = lambda() as { ProcessingConfiguration: { Processors: object[] } };
    twice.ProcessingConfiguration.Processors.push(...twice.ProcessingConfiguration.Processors);
    assert.match(
      await firehose.refusal('CreateDeliveryStream', {
        DeliveryStreamName: 'd',
        ExtendedS3DestinationConfiguration: { ...s3, ...twice },
      }),
      /^InvalidArgumentException: At most one processor of type Lambda/,
    );
  } finally {
    await firehose.end();
  }
});
