/** A real server delivering to a strict collector over HTTPS, which is busy, silent, late and forgetful. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { untilTrue } from '../clients/environments.ts';
import { firehoseCaller, untilDelivering } from '../process/caller.ts';
import { startCertifiedServer } from './certified-server.ts';
import { startSplunk } from './servers/splunk.ts';
import type { RunningSplunk } from './servers/splunk.ts';

type Call = ReturnType<typeof firehoseCaller>;

interface Told {
  readonly call: Call;
  readonly splunk: RunningSplunk;
  readonly data: string;
  create(splunk: object): Promise<void>;
  put(texts: readonly string[]): Promise<void>;
}

async function withSplunk(run: (told: Told) => Promise<void>): Promise<void> {
  const server = await startCertifiedServer();
  const splunk = await startSplunk({ tls: server.identity });
  const call = firehoseCaller(server.endpoint);
  try {
    await run({
      call,
      splunk,
      data: server.directory,
      async create(more) {
        await call('CreateDeliveryStream', {
          DeliveryStreamName: 'd',
          SplunkDestinationConfiguration: {
            HECEndpoint: splunk.endpoint,
            HECEndpointType: 'Raw',
            HECToken: splunk.token,
            BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 0 },
            S3Configuration: { RoleARN: 'arn:aws:iam::000000000000:role/r', BucketARN: 'arn:aws:s3:::logs' },
            ...more,
          },
        });
        await untilDelivering(call, 'd');
      },
      async put(texts) {
        const Records = texts.map((text) => ({ Data: Buffer.from(text).toString('base64') }));
        await call('PutRecordBatch', { DeliveryStreamName: 'd', Records });
      },
    });
  } finally {
    await server.stop();
    await splunk.stop();
  }
}

test('Splunk, raw: busy at first, silent once, late to acknowledge: every line is indexed', { timeout: 120_000 }, () =>
  withSplunk(async ({ splunk, create, put }) => {
    splunk.faults.busy = 2;
    splunk.faults.silentSuccesses = 1;
    splunk.faults.acknowledgeAfterMs = 700;
    await create({});
    const lines = Array.from({ length: 300 }, (_, number) => `line ${number}`);
    for (let start = 0; start < lines.length; start += 100)
      await put(lines.slice(start, start + 100).map((line) => `${line}\n`));
    await untilTrue(
      () => {
        const indexed = new Set(splunk.events());
        return lines.every((line) => indexed.has(line));
      },
      'every line indexed',
      100_000,
    );
    assert.deepEqual([...new Set(splunk.requests.map(({ kind }) => kind))], ['raw']);
    assert.equal(new Set(splunk.requests.map(({ channel }) => channel)).size, 1);
    assert.deepEqual(
      [...splunk.codes().keys()].toSorted((a, b) => a - b),
      [0, 9],
    );
  }),
);

test(
  'Splunk, events: one that is malformed goes to the error prefix, the others are indexed',
  { timeout: 120_000 },
  () =>
    withSplunk(async ({ splunk, data, create, put }) => {
      await create({ HECEndpointType: 'Event' });
      const events = Array.from({ length: 20 }, (_, number) => JSON.stringify({ event: { number } }));
      await put([...events.slice(0, 7), '{"event": ', ...events.slice(7)]);
      await untilTrue(
        () => new Set(splunk.events().map((event) => JSON.stringify(JSON.parse(event)))).size === events.length,
        'every event indexed',
      );
      const failed = join(data, 'buckets/logs/splunk-failed');
      const line = await untilObject(failed);
      assert.equal(line['errorCode'], 'Splunk.InvalidDataFormat');
      assert.equal(Buffer.from(String(line['rawData']), 'base64').toString(), '{"event": ');
    }),
);

async function untilObject(folder: string): Promise<Record<string, unknown>> {
  let text = '';
  await untilTrue(async () => {
    const names = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
    const file = names.find((entry) => entry.isFile());
    if (file !== undefined) text = await readFile(join(file.parentPath, file.name), 'utf8');
    return text !== '';
  }, 'an object at the error prefix');
  return JSON.parse(text) as Record<string, unknown>;
}
