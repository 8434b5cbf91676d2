// What decoding, checking and encoding cost, beside the JSON.parse they come after.
//
// usage: node --conditions=source benchmarks/model.ts
import { performance } from 'node:perf_hooks';

const startMs = performance.now();
const { loadService } = await import('@millrace/model');
const kinesis = loadService('kinesis');
const loadMs = performance.now() - startMs;

/** Median of the means of several rounds, in microseconds a call. */
function measure(call: () => void, rounds = 15, roundMs = 60): number {
  const means: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const began = performance.now();
    let calls = 0;
    while (performance.now() - began < roundMs) {
      call();
      calls += 1;
    }
    means.push(((performance.now() - began) * 1000) / calls);
  }
  return means.toSorted((left, right) => left - right)[rounds >> 1] ?? Number.NaN;
}

function operation(name: string): NonNullable<ReturnType<typeof kinesis.operations.get>> {
  const found = kinesis.operations.get(name);
  if (found === undefined) throw new Error(`No operation ${name}.`);
  return found;
}

function line(what: string, us: number, per = ''): void {
  console.log(`${what.padEnd(58)}${us.toFixed(2).padStart(10)} µs  ${per}`);
}

console.log(`load and compile: ${loadMs.toFixed(1)} ms`);

const putRecords = operation('PutRecords');
for (const bytes of [100, 1024]) {
  const data = Buffer.alloc(bytes, 'millrace').toString('base64');
  const body = JSON.stringify({
    StreamName: 'benchmark',
    Records: Array.from({ length: 500 }, (_, nth) => ({ Data: data, PartitionKey: `key-${nth}` })),
  });
  const parse = measure(() => void JSON.parse(body));
  const all = measure(() => putRecords.check(putRecords.decode(JSON.parse(body), 'base64')));
  const input: unknown = putRecords.decode(JSON.parse(body), 'base64');
  line(`JSON.parse of PutRecords 500 × ${bytes} B`, parse);
  line(`decode and check, with base64, beside it`, all - parse, `${((all - parse) * 2).toFixed(0)} ns a record`);
  line(
    `of that: check`,
    measure(() => putRecords.check(input)),
  );
  // Bytes need no base64: what is left is the walk over the members.
  const tree: unknown = putRecords.decode(JSON.parse(body), 'base64');
  line(
    `of that: decode without base64`,
    measure(() => void putRecords.decode(tree, 'either')),
  );
}

const sequenceNumber = '49545115243490985018280067714973144582180062593244200961';
const putRecordsOutput = {
  EncryptionType: 'NONE',
  FailedRecordCount: 0,
  Records: Array.from({ length: 500 }, () => ({ SequenceNumber: sequenceNumber, ShardId: 'shardId-000000000001' })),
};
// Bytes are what goes out, and what makes a rope of strings flat.
const encode = (name: string, output: unknown): number => {
  const { encodeJsonBytes } = operation(name);
  return measure(() => void encodeJsonBytes(output));
};
const putUs = encode('PutRecords', putRecordsOutput);
line('encode PutRecordsOutput of 500 entries, to bytes', putUs, `${(putUs * 2).toFixed(0)} ns an entry`);
line('encode PutRecordOutput, to bytes', encode('PutRecord', putRecordsOutput.Records[0]));
for (const bytes of [100, 1024]) {
  const records = Array.from({ length: 1000 }, (_, nth) => ({
    ApproximateArrivalTimestamp: 1_795_205_865_934 + (nth >> 5),
    Data: Buffer.alloc(bytes, 'millrace'),
    PartitionKey: `key-${nth}`,
    SequenceNumber: sequenceNumber,
  }));
  const us = encode('GetRecords', { MillisBehindLatest: 0, NextShardIterator: 'A'.repeat(200), Records: records });
  const rate = `${us.toFixed(0)} ns a record, ${(bytes / us).toFixed(2)} GB/s of data`;
  line(`encode GetRecordsOutput of 1,000 × ${bytes} B, to bytes`, us, rate);
}
