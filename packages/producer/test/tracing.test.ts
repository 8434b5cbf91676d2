import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { Producer } from '@millrace/producer';
import type { PutResult } from '@millrace/producer';
import { TestStream } from './support.ts';

let stream: TestStream;
const exporter = new InMemorySpanExporter();
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });

beforeEach(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(provider);
});
afterEach(async () => {
  context.disable();
  trace.disable();
  exporter.reset();
  await stream.stop();
});

const sent = (): ReadableSpan[] => exporter.getFinishedSpans().filter(({ name }) => name.startsWith('send '));

/** Puts a record within a span of its own. */
function inSpan(name: string, put: () => Promise<PutResult>): Promise<PutResult> {
  return trace.getTracer('test').startActiveSpan(name, async (span) => {
    try {
      return await put();
    } finally {
      span.end();
    }
  });
}

test('a span around each request: the child of the one that put its records, linked to several', async () => {
  stream = await TestStream.open(1);
  const producer = new Producer({ client: stream.client, stream: 's', lingerMs: 20 });
  await producer.put({ partitionKey: 'k', data: 'untraced' });
  await inSpan('alone', () => producer.put({ partitionKey: 'k', data: 'one' }));
  await Promise.all(
    ['first', 'second'].map((name) => inSpan(name, () => producer.put({ partitionKey: 'k', data: name }))),
  );
  await producer.close();
  const [untraced, child, linked, ...more] = sent();
  assert.equal(more.length, 0);
  const contextOf = (name: string): string =>
    exporter
      .getFinishedSpans()
      .find((span) => span.name === name)!
      .spanContext().spanId;
  assert.deepEqual([untraced!.parentSpanContext, untraced!.links], [undefined, []]);
  assert.deepEqual([child!.parentSpanContext!.spanId, child!.links], [contextOf('alone'), []]);
  assert.equal(linked!.parentSpanContext, undefined);
  assert.deepEqual(
    linked!.links.map(({ context: { spanId } }) => spanId),
    [contextOf('first'), contextOf('second')],
  );
  assert.equal(linked!.kind, SpanKind.PRODUCER);
  assert.deepEqual(linked!.attributes, {
    'messaging.system': 'aws_kinesis',
    'messaging.operation.name': 'put_records',
    'messaging.operation.type': 'send',
    'messaging.destination.name': 's',
    'messaging.batch.message_count': 2,
  });
});

test('a request that fails says so', async () => {
  stream = await TestStream.open(1);
  const producer = new Producer({ client: stream.client, stream: 'nothing', lingerMs: 1 });
  await assert.rejects(producer.put({ partitionKey: 'k', data: 'x' }));
  const [span] = sent();
  assert.equal(span!.status.code, SpanStatusCode.ERROR);
  assert.equal(span!.attributes['error.type'], 'ResourceNotFoundException');
});
