import { AwsError, jsonEncoder } from '@millrace/model';
import type { StructureShape } from '@millrace/model';
import { encodeFrame } from './frame.ts';

const json = 'application/x-amz-json-1.1';

/**
 * The messages of an event stream: an empty initial-response first (boto3 and Go fail without it), then one message an
 * event, and an exception as the last message when the source throws.
 */
export async function* eventStreamBody(
  events: AsyncIterable<Record<string, unknown>>,
  shape: StructureShape,
): AsyncGenerator<Uint8Array> {
  yield encodeFrame(
    { ':event-type': 'initial-response', ':content-type': json, ':message-type': 'event' },
    Buffer.from('{}'),
  );
  const encoders = new Map(shape.members.map((member) => [member.name, jsonEncoder(member.shape)]));
  try {
    for await (const event of events) {
      for (const [name, content] of Object.entries(event)) {
        const payload = Buffer.from(encoders.get(name)!(content));
        yield encodeFrame({ ':event-type': name, ':content-type': json, ':message-type': 'event' }, payload);
      }
    }
  } catch (error) {
    const known =
      error instanceof AwsError ? error : new AwsError('InternalFailureException', 'Internal Service Failure', 500);
    const headers = { ':exception-type': known.code, ':content-type': json, ':message-type': 'exception' };
    yield encodeFrame(headers, Buffer.from(JSON.stringify({ message: known.message })));
  }
}
