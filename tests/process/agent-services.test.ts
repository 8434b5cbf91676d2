/** What an agent does beside tailing, against a real server: a CloudWatch Logs subscription, its status, its metrics. */
import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { startAgent } from '../../tools/agent-process.ts';
import { startServer } from '../../tools/server-process.ts';
import type { ServerProcess } from '../../tools/server-process.ts';
import { agentFolder } from './agent-folder.ts';
import { firehoseCaller, kinesisCaller, untilActive } from './caller.ts';
import type { Call } from './caller.ts';
import { readStream } from './stream-records.ts';

let server: ServerProcess;
let call: Call;

before(async () => {
  server = await startServer(['--transition-ms', '0', '--limits', 'none']);
  call = kinesisCaller(server.endpoint);
});

after(async () => {
  assert.equal(await server.stop(), 0);
});

async function createStream(stream: string): Promise<void> {
  await call('CreateStream', { StreamName: stream, ShardCount: 1 });
  await untilActive(call, stream);
}

async function until<Result>(ask: () => Promise<Result>, isSo: (result: Result) => boolean): Promise<Result> {
  for (;;) {
    const result = await ask();
    if (isSo(result)) return result;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** As CloudWatch Logs writes to a stream. */
function subscriptionRecord(messages: readonly string[], messageType = 'DATA_MESSAGE'): string {
  const logEvents = messages.map((message, at) => ({ id: String(at), timestamp: 1_700_000_000_000 + at, message }));
  const json = { messageType, owner: '1', logGroup: 'g', logStream: 'l', subscriptionFilters: ['f'], logEvents };
  return gzipSync(JSON.stringify(json)).toString('base64');
}

test(
  'log events of a subscription are records, through a kill; what is none is passed over',
  { timeout: 90_000 },
  async () => {
    await createStream('subscription');
    await createStream('events');
    const put = (Data: string): Promise<unknown> =>
      call('PutRecord', { StreamName: 'subscription', PartitionKey: 'p', Data });
    const flow = {
      filePattern: undefined,
      cloudWatchLogsStream: 'subscription',
      kinesisStream: 'events',
      dataProcessingOptions: [
        { optionName: 'LOGTOJSON', logFormat: 'SYSLOG', customFieldNames: ['t', 'h', 'p', 'i', 'm'] },
      ],
    };
    const { config, remove } = await agentFolder(server.endpoint, flow);
    await put(
      subscriptionRecord(['CWL CONTROL MESSAGE: Checking health of destination Kinesis stream.'], 'CONTROL_MESSAGE'),
    );
    await put(subscriptionRecord(['Mar 12 12:27:00 h p[1]: one', 'not of the format', 'Mar 12 12:27:01 h p[1]: two']));
    await put(Buffer.from('nothing of CloudWatch Logs').toString('base64'));
    let agent = startAgent(['--config', config]);
    await agent.logged(/nothing of CloudWatch Logs/);
    await until(
      () => readStream(call, 'events'),
      ({ length }) => length === 2,
    );
    assert.equal(await agent.stop('SIGKILL'), null);
    await put(subscriptionRecord(['Mar 12 12:27:02 h p[1]: three']));
    agent = startAgent(['--config', config]);
    const events = await until(
      () => readStream(call, 'events'),
      (records) => records.some((record) => record.includes('three')),
    );
    const messages = new Set(events.map((event) => (JSON.parse(event) as { m: string }).m));
    assert.deepEqual([...messages], ['one', 'two', 'three']);
    assert.equal(await agent.stop(), 0, agent.log());
    await remove();
  },
);

test('the status page, health, Prometheus’s metrics, and CloudWatch’s', { timeout: 60_000 }, async () => {
  await createStream('watched');
  const { config, logs, remove } = await agentFolder(
    server.endpoint,
    { kinesisStream: 'watched' },
    {
      'cloudwatch.emitMetrics': true,
      'cloudwatch.tagInstance': true,
      'cloudwatch.endpoint': server.endpoint,
      millrace: { statusPort: 0 },
    },
  );
  await writeFile(join(logs, 'app.log'), 'one\n<two>\n');
  const agent = startAgent(['--config', config]);
  const [, port] = await agent.logged(/"agent ready".*"statusPort":(\d+)/);
  const page = `http://127.0.0.1:${port}`;
  const status = await until(
    async () =>
      (await (await fetch(page, { headers: { accept: 'application/json' } })).json()) as {
        flows: Record<string, unknown>[];
      },
    ({ flows }) => flows[0]!['recordsSent'] === 2,
  );
  const path = join(logs, 'app.log');
  assert.deepEqual(status.flows[0]!['files'], [{ path, size: 10, offset: 10, bytesBehind: 0 }]);
  assert.match(await (await fetch(page)).text(), /<h2>kinesis:watched:/);
  assert.equal((await fetch(`${page}/health`)).status, 200);
  assert.equal((await fetch(`${page}/else`)).status, 404);
  assert.equal((await fetch(page, { method: 'POST' })).status, 405);
  const metrics = await (await fetch(`${page}/metrics`)).text();
  assert.match(metrics, /^millrace_agent_records_sent_total\{flow="kinesis:watched:.*"\} 2$/m);
  assert.match(metrics, /^millrace_agent_bytes_behind\{.*\} 0$/m);
  await appendFile(path, 'three\n');
  assert.equal(await agent.stop(), 0, agent.log());
  assert.equal((await readStream(call, 'watched')).length >= 2, true);
  const metric = await listMetrics();
  for (const name of ['BytesSent', 'RecordsSent', 'RecordSendAttempts', 'RecordSendErrors', 'ServiceErrors'])
    assert.ok(metric.includes(name), `${name} is not in ${metric}`);
  assert.match(metric, /KinesisStream:watched/);
  assert.match(metric, /Instance/);
  await remove();
});

test('lines go to a delivery stream of the server, and from there into objects', { timeout: 90_000 }, async () => {
  const data = await mkdtemp(join(tmpdir(), 'millrace-agent-firehose-'));
  const firehose = await startServer(['--data', data, '--limits', 'none', '--transition-ms', '0']);
  const ask = firehoseCaller(firehose.endpoint);
  await ask('CreateDeliveryStream', {
    DeliveryStreamName: 'd',
    ExtendedS3DestinationConfiguration: {
      RoleARN: 'arn:aws:iam::000000000000:role/firehose',
      BucketARN: 'arn:aws:s3:::lines',
      BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 0 },
    },
  });
  await until(
    () => ask('DescribeDeliveryStream', { DeliveryStreamName: 'd' }),
    (answer) => JSON.stringify(answer).includes('"DeliveryStreamStatus":"ACTIVE"'),
  );
  const { config, logs, remove } = await agentFolder(
    'http://127.0.0.1:1',
    { deliveryStream: 'd', aggregatedRecordSizeBytes: 1000 },
    { 'firehose.endpoint': firehose.endpoint },
  );
  const lines = Array.from({ length: 3000 }, (_, at) => `line ${at} äöü\n`);
  await writeFile(join(logs, 'app.log'), lines.join(''));
  const agent = startAgent(['--config', config]);
  const delivered = await until(
    () => contentsOf(join(data, 'buckets/lines')),
    (text) => text.length >= lines.join('').length,
  );
  assert.deepEqual(delivered.split(/(?<=\n)/).toSorted(), lines.toSorted());
  assert.equal(await agent.stop(), 0, agent.log());
  assert.equal(await firehose.stop(), 0);
  await remove();
  await rm(data, { recursive: true, force: true });
});

/** All files of a folder and those in it, one after the other. */
async function contentsOf(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile() && !entry.name.startsWith('.'));
  const texts = await Promise.all(
    files.map(({ parentPath, name }) => readFile(join(parentPath, name), 'utf8').catch(() => '')),
  );
  return texts.join('');
}

async function listMetrics(): Promise<string> {
  const answer = await fetch(server.endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'x-amz-date': '20240101T000000Z',
      authorization:
        'AWS4-HMAC-SHA256 Credential=a/20240101/us-east-1/monitoring/aws4_request, SignedHeaders=host, Signature=0',
    },
    body: 'Action=ListMetrics&Version=2010-08-01&Namespace=AWSKinesisAgent',
  });
  const text = await answer.text();
  assert.ok(answer.ok, text);
  return text;
}
