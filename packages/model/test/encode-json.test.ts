import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { jsonEncoder, loadService } from '@millrace/model';
import type { OperationModel, Shape } from '@millrace/model';

const kinesis = loadService('kinesis');

function operation(name: string): OperationModel {
  const found = kinesis.operations.get(name);
  assert.ok(found !== undefined);
  return found;
}

/** What the text has to say, built the plain way. */
function twin(value: unknown, shape: Shape): unknown {
  if (value === null || value === undefined) return undefined;
  switch (shape.type) {
    case 'structure':
      return Object.fromEntries(
        shape.members.map(({ name, shape: part }) => [name, twin((value as Record<string, unknown>)[name], part)]),
      );
    case 'list':
      return (value as readonly unknown[]).map((element) => twin(element, shape.element));
    case 'map':
      return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, twin(entry, shape.value)]));
    case 'blob':
      return (value as Buffer).toString('base64');
    case 'timestamp':
      return (value as number) / 1000;
    default:
      return value;
  }
}

/** Values of a shape, members left out at random; text under a pattern keeps to it, as outputs do. */
function values(shape: Shape): fc.Arbitrary<unknown> {
  switch (shape.type) {
    case 'structure':
      return fc.record(
        Object.fromEntries(
          shape.members.map(({ name, shape: part }) => [name, fc.option(values(part), { nil: undefined })]),
        ),
      );
    case 'list':
      return fc.array(values(shape.element), { maxLength: 5 });
    case 'map':
      return fc.dictionary(fc.string({ unit: 'binary' }), values(shape.value), { maxKeys: 5 });
    case 'blob':
      return fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
    case 'timestamp':
      return fc.integer({ min: -2.5e14, max: 2.5e14 });
    case 'boolean':
      return fc.boolean();
    case 'string':
      if (shape.values !== undefined) return fc.constantFrom(...shape.values);
      return shape.pattern === undefined ? fc.string({ unit: 'binary' }) : fc.stringMatching(/^[1-9][0-9]{0,30}$/);
    default:
      return fc.integer();
  }
}

describe('golden texts', () => {
  test('PutRecords', () => {
    const output = {
      FailedRecordCount: 1,
      Records: [
        { SequenceNumber: '495', ShardId: 'shardId-000000000000' },
        { ErrorCode: 'InternalFailure', ErrorMessage: 'a "quoted" \\ line\n', SequenceNumber: null },
      ],
    };
    assert.equal(
      operation('PutRecords').encodeJson(output),
      '{"FailedRecordCount":1,"Records":[{"SequenceNumber":"495","ShardId":"shardId-000000000000"},' +
        String.raw`{"ErrorCode":"InternalFailure","ErrorMessage":"a \"quoted\" \\ line\n"}]}`,
    );
  });

  test('GetRecords', () => {
    const Records = [
      {
        ApproximateArrivalTimestamp: 1_795_205_865_934,
        Data: Buffer.from('é'),
        PartitionKey: 'schlüssel',
        SequenceNumber: '1',
      },
    ];
    assert.equal(
      operation('GetRecords').encodeJson({ MillisBehindLatest: 0, Records }),
      '{"MillisBehindLatest":0,"Records":[{"ApproximateArrivalTimestamp":1795205865.934,"Data":"w6k=",' +
        '"PartitionKey":"schlüssel","SequenceNumber":"1"}]}',
    );
  });

  test('an empty output is an object, none at all is no text', () => {
    assert.equal(operation('GetResourcePolicy').encodeJson({}), '{}');
    assert.equal(operation('CreateStream').encodeJson({}), '');
    assert.equal(operation('CreateStream').encodeJsonBytes({}).length, 0);
  });

  test('an event stream is not part of the text', () => {
    assert.equal(operation('SubscribeToShard').encodeJson({ EventStream: [] }), '{}');
  });
});

test('timestamps have at most three decimals and no exponent', () => {
  const encode = jsonEncoder({ type: 'timestamp', name: 'Moment' });
  assert.deepEqual([0, 1, -1, 1000, 1234.4].map(encode), ['0', '0.001', '-0.001', '1', '1.234']);
  fc.assert(
    fc.property(fc.integer({ min: -8.64e15, max: 8.64e15 }), (ms) => {
      const text = encode(ms);
      assert.match(text, /^-?\d+(\.\d{1,3})?$/);
      // Beside text a double is too coarse for the milliseconds of far centuries.
      const [seconds = '', fraction = ''] = text.replace('-', '').split('.');
      assert.equal(BigInt(seconds + fraction.padEnd(3, '0')), BigInt(Math.abs(ms)));
    }),
  );
});

for (const name of [
  'PutRecords',
  'GetRecords',
  'DescribeStream',
  'ListShards',
  'ListTagsForStream',
  'DescribeStreamSummary',
]) {
  test(`${name}: text and bytes say what the value says`, () => {
    const { output, encodeJson, encodeJsonBytes } = operation(name);
    fc.assert(
      fc.property(values(output), (value) => {
        const expected: unknown = JSON.parse(JSON.stringify(twin(value, output)));
        assert.deepEqual(JSON.parse(encodeJson(value)), expected);
        assert.deepEqual(JSON.parse(encodeJsonBytes(value).toString()), expected);
      }),
    );
  });
}

test('maps of any keys', () => {
  const shape = operation('CreateStream').input.members.find((member) => member.name === 'Tags')?.shape;
  assert.ok(shape !== undefined);
  const encode = jsonEncoder(shape);
  fc.assert(
    fc.property(values(shape), (value) =>
      assert.deepEqual(JSON.parse(encode(value)), JSON.parse(JSON.stringify(value))),
    ),
  );
});

test('bytes grow past the first guess', () => {
  const Records = [1, 100_000, 5, 300_000].map((size) => ({
    Data: Buffer.alloc(size, 'x'),
    PartitionKey: '€'.repeat(size),
  }));
  const { encodeJson, encodeJsonBytes } = operation('GetRecords');
  assert.ok(encodeJsonBytes({ Records }).equals(Buffer.from(encodeJson({ Records }))));
});
