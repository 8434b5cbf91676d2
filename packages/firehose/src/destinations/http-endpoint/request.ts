import { DeliveryError } from '../../delivery/delivery-error.ts';
import type { HttpAnswer, HttpRequest } from '../../http-sender.ts';
import type { HttpDestination } from './settings.ts';

/**
 * A request as "HTTP endpoint delivery request and response specifications" of Firehose's guide has it.
 *
 *   body   = {"requestId": uuid, "timestamp": milliseconds, "records": [{"data": base64}, …]}
 *   answer = {"requestId": the same, "timestamp": milliseconds, "errorMessage"?: text}       with status 200 where it was taken
 */
export function bodyOf(batch: {
  readonly requestId: string;
  readonly timestampMs: number;
  readonly records: readonly Buffer[];
}): Buffer {
  return Buffer.from(
    JSON.stringify({
      requestId: batch.requestId,
      timestamp: batch.timestampMs,
      records: batch.records.map((data) => ({ data: data.toString('base64') })),
    }),
  );
}

/** "Firehose waits for the response … 3 minutes." */
const timeoutMs = 180_000;
const maxAnswerBytes = 1 << 20;

export function requestOf(
  { url, accessKey, http }: HttpDestination,
  batch: {
    /** The same with every try. */
    readonly requestId: string;
    readonly deliveryStreamArn: string;
    /** Compressed, where the destination says so. */
    readonly body: Buffer;
  },
): Omit<HttpRequest, 'signal'> {
  const { ContentEncoding: encoding, CommonAttributes: attributes = [] } = http.RequestConfiguration ?? {};
  const common = Object.fromEntries(attributes.map(({ AttributeName: name, AttributeValue: value }) => [name, value]));
  return {
    method: 'POST',
    url,
    timeoutMs,
    maxAnswerBytes,
    headers: {
      'content-type': 'application/json',
      'user-agent': 'Amazon Kinesis Data Firehose Agent/1.0',
      'x-amz-firehose-protocol-version': '1.0',
      'x-amz-firehose-request-id': batch.requestId,
      'x-amz-firehose-source-arn': batch.deliveryStreamArn,
      ...(accessKey !== undefined && { 'x-amz-firehose-access-key': accessKey }),
      ...(attributes.length > 0 && {
        'x-amz-firehose-common-attributes': asciiJson({ commonAttributes: common }),
      }),
      ...(encoding === 'GZIP' && { 'content-encoding': 'gzip' }),
    },
    body: batch.body,
  };
}

/** Headers have no other characters: JSON can say all of them. */
function asciiJson(value: object): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Throws DeliveryError where the answer does not say that the batch was taken. */
export function checkAnswer({ status, body }: HttpAnswer, requestId: string): void {
  const told = `Received the following response from the endpoint destination. ${body.slice(0, 8192)}`;
  if (status === 413) throw new DeliveryError('HttpEndpoint.DestinationException', told, { isFinal: true });
  if (status !== 200) throw new DeliveryError('HttpEndpoint.DestinationException', `HTTP status ${status}. ${told}`);
  let answer: { readonly requestId?: unknown; readonly timestamp?: unknown } | null;
  try {
    answer = JSON.parse(body) as typeof answer;
  } catch {
    throw new DeliveryError('HttpEndpoint.ResponseParsingException', told);
  }
  if (answer?.requestId !== requestId || typeof answer.timestamp !== 'number')
    throw new DeliveryError('HttpEndpoint.InvalidResponseFromDestination', told);
}
