import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { runSteps } from '../src/processing/record-steps.ts';
import { stepsOf } from '../src/processing/steps.ts';
import { splitJson } from '../src/processing/split-json.ts';
import type { ProcessorParameterName, ProcessorType } from '@millrace/model/firehose';
import { movableFirehose, s3 } from './support.ts';

type Parameters = Partial<Record<ProcessorParameterName, string>>;

function run(data: Buffer | string, ...processors: [ProcessorType, Parameters?][]): string[] {
  const steps = stepsOf({ Enabled: true, Processors: processors.map(processor) });
  return runSteps(steps.alone, Buffer.from(data)).map((one) => `${String(one)}${String(steps.delimiter ?? '')}`);
}

function processor([Type, given = {}]: [ProcessorType, Parameters?]): {
  Type: ProcessorType;
  Parameters: { ParameterName: ProcessorParameterName; ParameterValue: string }[];
} {
  const names = Object.keys(given) as ProcessorParameterName[];
  return { Type, Parameters: names.map((name) => ({ ParameterName: name, ParameterValue: given[name]! })) };
}

describe('splitJson', () => {
  test('objects one after the other, with anything white between them, or in an array, come out as they stand', () => {
    const object = fc.dictionary(fc.string(), fc.jsonValue()).map((value) => JSON.stringify(value));
    const space = fc.constantFrom('', ' ', '\n', '\r\n\t');
    fc.assert(
      fc.property(fc.array(object), space, (objects, between) => {
        const texts = (joined: string): string[] | undefined => splitJson(Buffer.from(joined))?.map(String);
        assert.deepEqual(texts(objects.join(between)), objects);
        assert.deepEqual(texts(`${between}[${objects.join(`${between},${between}`)}]${between}`), objects);
      }),
    );
  });

  test('what is neither is undefined', () => {
    for (const text of ['{', '{"a":1}}', '{"a":"}', '[{"a":1}', '1', '{"a":1} x', '"text"', '[1]'])
      assert.equal(splitJson(Buffer.from(text)), undefined, text);
  });
});

describe('processors', () => {
  test('RecordDeAggregation by JSON and by a delimiter; more than 500 stay together', () => {
    assert.deepEqual(run('{"a":1}{"b":2}', ['RecordDeAggregation', { SubRecordType: 'JSON' }]), ['{"a":1}', '{"b":2}']);
    const delimited: [ProcessorType, Parameters] = [
      'RecordDeAggregation',
      { SubRecordType: 'DELIMITED', Delimiter: 'IyMj' },
    ];
    assert.deepEqual(run('one###two######three', delimited), ['one', 'two', 'three']);
    const many = '{}'.repeat(501);
    assert.deepEqual(run(many, ['RecordDeAggregation', { SubRecordType: 'JSON' }]), [many]);
  });

  test('log events without a message fail their record, whatever stands there', () => {
    for (const event of ['null', '1', '{}', '{"message":null}', '{"message":{"toString":1,"valueOf":1}}'])
      assert.throws(
        () =>
          run(`{"messageType":"DATA_MESSAGE","logEvents":[${event}]}`, [
            'CloudWatchLogProcessing',
            { DataMessageExtraction: 'true' },
          ]),
        { code: 'Decompression failed.', outputType: 'decompression-failed' },
        event,
      );
  });

  test('AppendDelimiterToRecord, after what was taken apart', () => {
    assert.deepEqual(run('{}{}', ['RecordDeAggregation', { SubRecordType: 'JSON' }], ['AppendDelimiterToRecord']), [
      '{}\n',
      '{}\n',
    ]);
    assert.deepEqual(run('a', ['AppendDelimiterToRecord', { Delimiter: '\\n' }]), ['a\n']);
  });

  test('what CloudWatch Logs sends: decompressed, messages alone, control messages left out', () => {
    const sent = (content: object): Buffer => gzipSync(JSON.stringify(content));
    const processing: [ProcessorType, Parameters?][] = [
      ['Decompression', { CompressionFormat: 'GZIP' }],
      ['CloudWatchLogProcessing', { DataMessageExtraction: 'true' }],
    ];
    const logEvents = ['one', 'two'].map((message, id) => ({ id: String(id), timestamp: 1, message }));
    assert.deepEqual(run(sent({ messageType: 'DATA_MESSAGE', logEvents }), ...processing), ['one\ntwo\n']);
    assert.deepEqual(run(sent({ messageType: 'CONTROL_MESSAGE', logEvents: [] }), ...processing), []);
    assert.throws(() => run('no gzip', ...processing), { code: 'Decompression failed.' });
    assert.throws(() => run(gzipSync(Buffer.alloc(101 << 20)), ...processing), { code: 'Decompression failed.' });
    for (const wrong of ['', 'null', '[]', '{"messageType":"DATA_MESSAGE"}'])
      assert.throws(() => run(gzipSync(wrong), ...processing), { code: 'Decompression failed.' }, wrong);
  });

  test('processors and parameters that cannot be are refused', () => {
    for (const [wrong, text] of [
      [['Decompression', { Delimiter: 'x' }], /does not take the parameter Delimiter/],
      [['Decompression', { CompressionFormat: 'ZIP' }], /GZIP only/],
      [['RecordDeAggregation'], /SubRecordType/],
      [['RecordDeAggregation', { SubRecordType: 'DELIMITED' }], /Delimiter in base64/],
      [['RecordDeAggregation', { SubRecordType: 'DELIMITED', Delimiter: '###' }], /Delimiter in base64/],
    ] as [[ProcessorType, Parameters?], RegExp][])
      assert.throws(() => run('', wrong), { code: 'InvalidArgumentException', message: text });
  });
});

test('records that cannot be processed go to the error prefix as they were; the others are delivered', async () => {
  const firehose = await movableFirehose();
  try {
    await firehose.call('CreateDeliveryStream', {
      DeliveryStreamName: 'd',
      ExtendedS3DestinationConfiguration: {
        ...s3,
        BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 0 },
        Prefix: 'good/!{timestamp:yyyy}/',
        ErrorOutputPrefix: 'bad/!{firehose:error-output-type}/',
        ProcessingConfiguration: { Enabled: true, Processors: [{ Type: 'Decompression' }] },
      },
    });
    await firehose.untilActive('d');
    const Records = [gzipSync('fine '), Buffer.from('no gzip'), gzipSync('too')].map((data) => ({
      Data: data.toString('base64'),
    }));
    await firehose.call('PutRecordBatch', { DeliveryStreamName: 'd', Records });
    while (firehose.objects.stored.length < 2) await new Promise((resolve) => setTimeout(resolve, 2));
    const [good, bad] = firehose.objects.stored;
    assert.equal(String(good!.body), 'fine too');
    assert.match(good!.key, /^good\/\d{4}\/d-1-/);
    assert.match(bad!.key, /^bad\/decompression-failed\/\d{4}\/\d\d\/\d\d\/\d\d\/d-1-/);
    const { arrivalTimestamp, attemptEndingTimestamp, ...line } = JSON.parse(String(bad!.body)) as Record<
      string,
      unknown
    >;
    assert.ok((arrivalTimestamp as number) <= (attemptEndingTimestamp as number));
    assert.deepEqual(line, {
      attemptsMade: 1,
      errorCode: 'Decompression failed.',
      errorMessage: 'The record is no GZIP data, or too large when decompressed.',
      rawData: Buffer.from('no gzip').toString('base64'),
    });
  } finally {
    await firehose.end();
  }
});
