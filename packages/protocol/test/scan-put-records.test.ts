import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { loadService } from '@millrace/model';
import { scanPutRecords } from '../src/json/scan-put-records.ts';

const { decode } = loadService('kinesis').operations.get('PutRecords')!;
const numRuns = Number(process.env['MILLRACE_CASES'] ?? 1000);

/** Bodies as clients write them: members in any order, blanks or none, and now and then something that is not for the scanner. */
const blank = fc.constantFrom('', '', '', ' ', '\n\t ');
const key = fc.oneof(
  { weight: 20, arbitrary: fc.stringMatching(/^[a-z0-9-]{1,30}$/) },
  { weight: 1, arbitrary: fc.string({ minLength: 1, maxLength: 30 }) },
  { weight: 1, arbitrary: fc.constantFrom('ü', '\\', '"', '😀', 'a-b_c') },
);
const data = fc
  .record({ bytes: fc.uint8Array({ minLength: 0, maxLength: 900 }), pad: fc.integer({ min: 250, max: 600 }) })
  .map(({ bytes, pad }) => Buffer.concat([bytes, Buffer.alloc(pad, 7)]).toString('base64'));
const members = (fields: object): [string, unknown][] =>
  Object.entries(fields).filter(([, value]) => value !== undefined);
const record = fc
  .record(
    { Data: data, PartitionKey: key, ExplicitHashKey: fc.constantFrom('0', '5'), Extra: fc.constant(1) },
    { requiredKeys: ['Data', 'PartitionKey'] },
  )
  .chain((fields) => fc.nat(9).map((n) => (n === 0 ? fields : { ...fields, Extra: undefined })))
  .chain((fields) => fc.shuffledSubarray(members(fields), { minLength: members(fields).length }))
  .chain((entries) => fc.tuple(fc.constant(entries), blank))
  .map(
    ([entries, gap]) =>
      `{${gap}${entries.map(([name, value]) => `"${name}":${gap}${JSON.stringify(value)}`).join(`${gap},`)}}`,
  );
const body = fc
  .tuple(fc.array(record, { minLength: 1, maxLength: 4 }), blank, fc.boolean())
  .map(([records, gap, isFirst]) => {
    const stream = '"StreamName":"s"';
    const list = `"Records":${gap}[${records.join(`,${gap}`)}]`;
    return `{${isFirst ? stream : list},${gap}${isFirst ? list : stream}}${gap}`;
  });
const mutated = fc
  .tuple(body, fc.array(fc.record({ at: fc.nat(), byte: fc.integer({ min: 0, max: 255 }) }), { maxLength: 1 }))
  .map(([text, changes]) => {
    const bytes = Buffer.from(text);
    for (const { at, byte } of changes) bytes[at % bytes.length] = byte;
    return bytes;
  });

const plain = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_name, one: unknown) => (Buffer.isBuffer(one) ? one.toString('hex') : one)));

test('what is scanned is what JSON.parse and the model read', () => {
  let scanned = 0;
  fc.assert(
    fc.property(mutated, (bytes) => {
      const found = scanPutRecords(bytes);
      if (found === undefined) return;
      scanned += 1;
      assert.deepEqual(plain(found), plain(decode(JSON.parse(bytes.toString('utf8')), 'base64')));
    }),
    { numRuns },
  );
  assert.ok(scanned > numRuns / 20, `${scanned} of ${numRuns} were scanned`);
});

test("Firehose's PutRecordBatch is scanned as JSON.parse and the model read it", () => {
  const { decode: decodeBatch } = loadService('firehose').operations.get('PutRecordBatch')!;
  const batch = fc.tuple(fc.array(data, { minLength: 1, maxLength: 4 }), blank, fc.nat(3)).map(([all, gap, other]) => {
    const extra = other === 0 ? ',"PartitionKey":"k"' : '';
    const records = all.map((one) => `{${gap}"Data":"${one}"${extra}}`).join(`${gap},`);
    return `{"DeliveryStreamName":"d",${gap}"Records":[${records}]}${gap}`;
  });
  const bytesOf = fc.tuple(batch, fc.nat(), fc.integer({ min: 0, max: 500 })).map(([text, at, byte]) => {
    const bytes = Buffer.from(text);
    if (byte < 256) bytes[at % bytes.length] = byte;
    return bytes;
  });
  let scanned = 0;
  fc.assert(
    fc.property(bytesOf, (bytes) => {
      assert.equal(scanPutRecords(bytes), undefined, 'another operation');
      const found = scanPutRecords(bytes, undefined, 'PutRecordBatch');
      if (found === undefined) return;
      scanned += 1;
      assert.deepEqual(plain(found), plain(decodeBatch(JSON.parse(bytes.toString('utf8')), 'base64')));
    }),
    { numRuns },
  );
  assert.ok(scanned > numRuns / 4, `${scanned} of ${numRuns} were scanned`);
});

test('a body as SDKs write it is scanned; what is written otherwise is left alone', () => {
  const Data = Buffer.alloc(1000, 1).toString('base64');
  const usual = {
    Records: [
      { Data, PartitionKey: 'k' },
      { Data: 'MA==', PartitionKey: 'l', ExplicitHashKey: '5' },
    ],
    StreamName: 's',
  };
  const found = scanPutRecords(Buffer.from(JSON.stringify(usual)))!;
  assert.deepEqual(
    found.Records!.map(({ Data: bytes }) => bytes!.length),
    [1000, 1],
  );
  assert.notEqual(scanPutRecords(Buffer.from(JSON.stringify(usual, undefined, 2))), undefined);
  const left = [
    '',
    '{}',
    '[]',
    'null',
    `{"Records":[{"Data":"${Data}"},{"Data":null}]}`,
    `{"Records":[{"Data":"${Data}","Data":"MA=="}]}`,
    `{"Records":[{"Data":"${Data.replace('AQ', 'A-')}"}]}`,
    `{"Records":[{"Data":"${Data.slice(0, -1)}"}]}`,
    `{"Records":[{"Data":"${Data}","PartitionKey":"\\u0041"}]}`,
    `{"Records":[{"Data":"${Data}","PartitionKey":"ü"}]}`,
    `{"Records":[{"Data":"${Data}","PartitionKey":"a"}],"DryRun":true}`,
    `{"Records":[{"Data":"${Data}"}]}}`,
    `{"Records":[{"Data":"${Data}"},]}`,
    `{"Records":[{"Data":"${Data}"}`,
  ];
  for (const text of left) assert.equal(scanPutRecords(Buffer.from(text)), undefined, text.slice(-60));
});
