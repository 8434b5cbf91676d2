/** CloudWatch in each of its protocols: JSON, RPC v2 in CBOR and the query protocol say the same, errors too. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { loadService } from '@millrace/model';
import { compileCborWriter, readCbor } from '@millrace/protocol';
import { startServer } from '../../tools/server-process.ts';
import type { ServerProcess } from '../../tools/server-process.ts';

let server: ServerProcess;
before(async () => {
  server = await startServer([]);
});
after(async () => {
  assert.equal(await server.stop(), 0, server.log());
});

const { operations } = loadService('cloudwatch');
const now = Math.floor(Date.now() / 1000);

async function rpc(operation: string, input: object, isZipped = false): Promise<{ answer: Response; body: unknown }> {
  const { input: shape, decode } = operations.get(operation)!;
  const values = decode(JSON.parse(JSON.stringify(input)), 'base64');
  const bytes = compileCborWriter(shape, 'seconds')(values);
  const answer = await fetch(`${server.endpoint}/service/GraniteServiceVersion20100801/operation/${operation}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/cbor',
      'smithy-protocol': 'rpc-v2-cbor',
      ...(isZipped && { 'content-encoding': 'gzip' }),
    },
    body: new Uint8Array(isZipped ? gzipSync(bytes) : bytes),
  });
  assert.equal(answer.headers.get('smithy-protocol'), 'rpc-v2-cbor');
  const body = Buffer.from(await answer.arrayBuffer());
  return { answer, body: body.length === 0 ? undefined : readCbor(body, { timestamps: 'seconds' }) };
}

async function query(parameters: Record<string, string>): Promise<{ status: number; text: string }> {
  const body = new URLSearchParams({ Version: '2010-08-01', ...parameters });
  const answer = await fetch(server.endpoint, { method: 'POST', body });
  assert.match(answer.headers.get('content-type')!, /^text\/xml/);
  return { status: answer.status, text: await answer.text() };
}

async function json(operation: string, input: object): Promise<Record<string, unknown>> {
  const answer = await fetch(server.endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `GraniteServiceVersion20100801.${operation}`,
    },
    body: JSON.stringify(input),
  });
  assert.equal(answer.status, 200);
  const text = await answer.text();
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
}

test('what one protocol puts, every other reads', async () => {
  const datum = { MetricName: 'm', Timestamp: now, Dimensions: [{ Name: 'd', Value: 'v' }] };
  const { answer, body } = await rpc('PutMetricData', { Namespace: 'N', MetricData: [{ ...datum, Value: 1 }] }, true);
  assert.deepEqual([answer.status, body], [200, undefined]);
  await query({
    Action: 'PutMetricData',
    Namespace: 'N',
    'MetricData.member.1.MetricName': 'm',
    'MetricData.member.1.Timestamp': new Date(now * 1000).toISOString(),
    'MetricData.member.1.Value': '2',
    'MetricData.member.1.Dimensions.member.1.Name': 'd',
    'MetricData.member.1.Dimensions.member.1.Value': 'v',
  });
  await json('PutMetricData', { Namespace: 'N', MetricData: [{ ...datum, Value: 3 }] });
  const asked = {
    Namespace: 'N',
    MetricName: 'm',
    Dimensions: datum.Dimensions,
    StartTime: now - 300,
    EndTime: now + 300,
    Period: 3600,
    Statistics: ['Sum', 'SampleCount'],
  };
  const begin = Math.floor(now / 3600) * 3600;
  const { Datapoints: inJson } = await json('GetMetricStatistics', asked);
  assert.deepEqual(inJson, [{ Timestamp: begin, SampleCount: 3, Sum: 6, Unit: 'None' }]);
  const inCbor = (await rpc('GetMetricStatistics', asked)).body as { Datapoints: object[] };
  assert.deepEqual(inCbor.Datapoints, [{ Timestamp: new Date(begin * 1000), SampleCount: 3, Sum: 6, Unit: 'None' }]);
  const { text } = await query({
    Action: 'GetMetricStatistics',
    Namespace: 'N',
    MetricName: 'm',
    'Dimensions.member.1.Name': 'd',
    'Dimensions.member.1.Value': 'v',
    StartTime: new Date((now - 300) * 1000).toISOString(),
    EndTime: new Date((now + 300) * 1000).toISOString(),
    Period: '3600',
    'Statistics.member.1': 'Sum',
  });
  assert.match(
    text,
    new RegExp(`<Timestamp>${new Date(begin * 1000).toISOString().replace('.000Z', 'Z')}</Timestamp>`),
  );
  assert.match(text, /<Sum>6<\/Sum>/);
});

test('an error has its name in each protocol', async () => {
  const { answer, body } = await rpc('PutMetricData', { Namespace: 'N', MetricData: [] });
  assert.equal(answer.status, 400);
  assert.equal((body as Record<string, unknown>)['__type'], 'MissingRequiredParameterException');
  assert.equal(answer.headers.get('x-amzn-query-error'), 'MissingParameter;Sender');
  const { status, text } = await query({ Action: 'PutMetricData', Namespace: 'N' });
  assert.equal(status, 400);
  assert.match(
    text,
    /<Type>Sender<\/Type><Code>MissingParameter<\/Code><Message>The parameter MetricData is required\.</,
  );
  const unknown = await query({ Action: 'PutDashboard' });
  assert.match(unknown.text, /<Code>InvalidAction<\/Code>/);
});

test('damaged bodies are refused', async () => {
  for (const [headers, body] of [
    [{ 'smithy-protocol': 'rpc-v2-cbor', 'content-type': 'application/cbor' }, 'x'],
    [{ 'smithy-protocol': 'rpc-v2-cbor', 'content-type': 'application/cbor', 'content-encoding': 'gzip' }, 'x'],
  ] as const) {
    const path = '/service/GraniteServiceVersion20100801/operation/PutMetricData';
    const answer = await fetch(`${server.endpoint}${path}`, { method: 'POST', headers, body });
    assert.equal(answer.status, 400);
    const known = readCbor(Buffer.from(await answer.arrayBuffer())) as Record<string, unknown>;
    assert.equal(known['__type'], 'SerializationException');
  }
});

test('percentiles come out of values and counts, in each protocol', async () => {
  const datum = { MetricName: 'latency', Timestamp: now, Values: [10, 20, 500], Counts: [50, 49, 1] };
  await rpc('PutMetricData', { Namespace: 'P', MetricData: [datum] });
  const asked = { Namespace: 'P', MetricName: 'latency', StartTime: now - 300, EndTime: now + 300, Period: 60 };
  const ExtendedStatistics = ['p50', 'p99', 'p99.9'];
  const expected = { p50: 10, p99: 20, 'p99.9': 500 };
  const inJson = (await json('GetMetricStatistics', { ...asked, ExtendedStatistics })) as { Datapoints: object[] };
  const at = Math.floor(now / 60) * 60;
  assert.deepEqual(inJson.Datapoints, [{ Timestamp: at, Unit: 'None', ExtendedStatistics: expected }]);
  const { body } = await rpc('GetMetricStatistics', { ...asked, ExtendedStatistics });
  const [point] = (body as { Datapoints: { ExtendedStatistics: object }[] }).Datapoints;
  assert.deepEqual(point!.ExtendedStatistics, expected);
  const { text } = await query({
    Action: 'GetMetricStatistics',
    Namespace: 'P',
    MetricName: 'latency',
    StartTime: new Date((now - 300) * 1000).toISOString(),
    EndTime: new Date((now + 300) * 1000).toISOString(),
    Period: '60',
    'ExtendedStatistics.member.1': 'p99',
  });
  assert.match(text, /<ExtendedStatistics><entry><key>p99<\/key><value>20<\/value><\/entry><\/ExtendedStatistics>/);
  const metric = { Namespace: 'P', MetricName: 'latency' };
  const data = (await json('GetMetricData', {
    StartTime: now - 300,
    EndTime: now + 300,
    MetricDataQueries: [{ Id: 'tail', MetricStat: { Metric: metric, Period: 60, Stat: 'p99' } }],
  })) as { MetricDataResults: { Values: number[] }[] };
  assert.deepEqual(data.MetricDataResults[0]!.Values, [20]);
});

test('a statistic set has no percentiles unless its values cannot differ; what is not there is said', async () => {
  const sets = { odd: [1, 3, 4, 2], even: [2, 2, 4, 2] } as const;
  for (const [name, [Minimum, Maximum, Sum, SampleCount]] of Object.entries(sets)) {
    const StatisticValues = { Minimum, Maximum, Sum, SampleCount };
    await json('PutMetricData', {
      Namespace: 'S',
      MetricData: [{ MetricName: name, Timestamp: now, StatisticValues }],
    });
  }
  const read = async (name: string): Promise<unknown> => {
    const metric = { Namespace: 'S', MetricName: name };
    const stat = { Metric: metric, Period: 60, Stat: 'p50' };
    const range = { StartTime: now - 300, EndTime: now + 300 };
    const { body } = await rpc('GetMetricData', { ...range, MetricDataQueries: [{ Id: 'q', MetricStat: stat }] });
    return (body as { MetricDataResults: { Values: number[] }[] }).MetricDataResults[0]!.Values;
  };
  assert.deepEqual([await read('odd'), await read('even')], [[], [2]]);
  const { answer, body } = await rpc('GetMetricData', {
    StartTime: now - 300,
    EndTime: now,
    MetricDataQueries: [{ Id: 'e1', Expression: 'm1 * 2' }],
  });
  assert.deepEqual([answer.status, (body as Record<string, unknown>)['__type']], [400, 'ValidationError']);
  assert.match(String((body as Record<string, unknown>)['message']), /^Error in expression 'e1' \[/);
  const refused = await rpc('GetMetricStatistics', {
    Namespace: 'S',
    MetricName: 'odd',
    StartTime: now - 300,
    EndTime: now,
    Period: 60,
    ExtendedStatistics: ['tm90'],
  });
  assert.equal((refused.body as Record<string, unknown>)['__type'], 'InvalidParameterValueException');
});
