import { context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Span, SpanContext } from '@opentelemetry/api';
import { streamNameOf } from '@millrace/payload';
import type { Entry } from './entry.ts';

const tracer = trace.getTracer('@millrace/producer');
/** Links of a span, as many as OpenTelemetry's SDKs keep by default. */
const mostLinks = 128;

/** The span that is active where a record is put; undefined, at the price of a look, where nobody traces. */
export function callerSpan(): SpanContext | undefined {
  return trace.getActiveSpan()?.spanContext();
}

/**
 * A span around a PutRecords call, by OpenTelemetry's conventions for messaging (opentelemetry.io/docs/specs/semconv/messaging;
 * they name no Kinesis: `aws_kinesis` stands beside their `aws_sqs`). Where one span put all of its records, that is its parent;
 * where there are several, links lead to them. Kinesis records have no headers: no context travels to the readers.
 */
export function inSendSpan<Result>(
  { stream, entries }: { stream: string; entries: readonly Entry[] },
  send: (span: Span) => Promise<Result>,
): Promise<Result> {
  const callers = new Set<SpanContext>();
  let count = 0;
  for (const { users } of entries) {
    count += users.length;
    for (const { span } of users) if (span !== undefined && callers.size < mostLinks) callers.add(span);
  }
  const [only] = callers;
  const parent = only !== undefined && callers.size === 1 ? trace.setSpanContext(ROOT_CONTEXT, only) : ROOT_CONTEXT;
  const name = streamNameOf(stream);
  const span = tracer.startSpan(
    `send ${name}`,
    {
      kind: SpanKind.PRODUCER,
      links: callers.size > 1 ? [...callers].map((caller) => ({ context: caller })) : [],
      attributes: {
        'messaging.system': 'aws_kinesis',
        'messaging.operation.name': 'put_records',
        'messaging.operation.type': 'send',
        'messaging.destination.name': name,
        'messaging.batch.message_count': count,
      },
    },
    parent,
  );
  return context.with(trace.setSpan(parent, span), () => send(span)).finally(() => span.end());
}

/** The call failed, or some of its records did: `type` is AWS's code. */
export function markFailed(span: Span, type: string, message: string): void {
  span.setAttribute('error.type', type);
  span.setStatus({ code: SpanStatusCode.ERROR, message });
}
