import { isAscii } from 'node:buffer';
import { AwsError } from '@millrace/model';
import type { OperationModel, ServiceModel } from '@millrace/model';
import { compileCborWriter } from './cbor/cbor-writer.ts';
import type { CborWriter } from './cbor/cbor-writer.ts';
import { CborError, readCbor } from './cbor/cbor-reader.ts';
import { eventStreamBody } from './event-stream/event-stream-body.ts';
import type { HttpRequest, HttpResponse } from './http.ts';
import { scanPutRecords } from './json/scan-put-records.ts';

/** One call of an operation: which it is, and how its input is read and its output written. */
export interface Exchange {
  readonly service: ServiceModel;
  readonly operation: OperationModel;
  readonly encoding: Encoding;
}

/** The bodies that aws-json clients send: JSON, or CBOR of the same shapes (the Java SDKs' default). */
export type Encoding = 'json-1.0' | 'json-1.1' | 'cbor';

const contentTypes: Readonly<Record<Encoding, string>> = {
  'json-1.0': 'application/x-amz-json-1.0',
  'json-1.1': 'application/x-amz-json-1.1',
  cbor: 'application/x-amz-cbor-1.1',
};

/** How a request wants to be answered, also when it is none that we can answer. */
export function encodingOf(request: HttpRequest): Encoding {
  const type = request.headers['content-type'] ?? '';
  if (type.startsWith('application/x-amz-cbor-1.1')) return 'cbor';
  return type.startsWith('application/x-amz-json-1.0') ? 'json-1.0' : 'json-1.1';
}

/** Finds the operation by X-Amz-Target. Throws the AwsError that AWS answers where there is none. */
export function openExchange(request: HttpRequest, services: ReadonlyMap<string, ServiceModel>): Exchange {
  const target = request.headers['x-amz-target'];
  if (request.method !== 'POST' || target === undefined) {
    throw new AwsError('AccessDeniedException', 'Unable to determine service/operation name to be authorized', 403);
  }
  const dot = target.indexOf('.');
  const service = services.get(target.slice(0, dot));
  const operation = service?.operations.get(target.slice(dot + 1));
  if (service === undefined) throw new AwsError('UnknownOperationException', '', 400);
  if (operation === undefined) throw new AwsError('UnknownOperationException', unknownOperation(service), 400);
  return { service, operation, encoding: encodingOf(request) };
}

/** AWS says nothing; of its neighbours Kinesis' clients need a part, and who asks for more shall know why it is not there. */
function unknownOperation({ id, operations }: ServiceModel): string {
  if (id === 'kinesis') return '';
  return `Millrace has what Kinesis clients need of ${id}: ${[...operations.keys()].join(', ')}.`;
}

/** The input, decoded and checked in AWS's order: the body parses, the types are right, the constraints hold. */
export function readInput({ operation, encoding }: Exchange, { body, room }: HttpRequest): never {
  if (operation.name === 'PutRecords' && encoding !== 'cbor') {
    const scanned = scanPutRecords(body, room);
    if (scanned !== undefined) {
      operation.check(scanned);
      return scanned as never;
    }
  }
  const tree = encoding === 'cbor' ? parseCbor(body) : parseJson(body);
  const input = operation.decode(tree, encoding === 'cbor' ? 'either' : 'base64');
  operation.check(input);
  return input;
}

function parseCbor(body: Buffer): unknown {
  if (body.length === 0) return {};
  try {
    return readCbor(body);
  } catch (error) {
    if (error instanceof CborError) throw new AwsError('SerializationException', '', 400, { cause: error });
    throw error;
  }
}

function parseJson(body: Buffer): unknown {
  if (body.length === 0) return {};
  try {
    // ASCII bodies, nearly all of them, parse faster as latin1; a byte above 127 needs the UTF-8 reading.
    return JSON.parse(isAscii(body) ? body.toString('latin1') : body.toString('utf8')) as unknown;
  } catch (error) {
    throw new AwsError('SerializationException', '', 400, { cause: error });
  }
}

const writers = new WeakMap<OperationModel, CborWriter>();

/** The answer of an operation that succeeded. An event stream is the same in all encodings: its messages are JSON. */
export function writeOutput(
  { operation, encoding }: Exchange,
  output: unknown,
  { requestId, room }: { requestId: string; room: HttpRequest['room'] },
): HttpResponse {
  const events = operation.output.members.find(({ shape }) => shape.type === 'structure' && shape.isEventStream);
  if (events !== undefined) {
    const stream = (output as Record<string, AsyncIterable<never>>)[events.name]!;
    return {
      status: 200,
      headers: { 'content-type': 'application/vnd.amazon.eventstream', ...requestHeaders(requestId) },
      body: eventStreamBody(stream, events.shape as never),
    };
  }
  let body: Buffer | string;
  if (encoding === 'cbor') {
    let write = writers.get(operation);
    if (write === undefined) writers.set(operation, (write = compileCborWriter(operation.output)));
    body = operation.output.members.length === 0 ? '' : write(output, room);
  } else if (operation.name === 'GetRecords') body = operation.encodeJsonBytes(output, room);
  else body = operation.encodeJson(output);
  return { status: 200, headers: { 'content-type': contentTypes[encoding], ...requestHeaders(requestId) }, body };
}

/** Codes whose text stands under `Message`, as AWS's oldest layer writes it (recorded). */
const capitalized = new Set(['SerializationException']);

/** An error in the caller's encoding. Whatever is not an AwsError is a fault of ours and says no more than that. */
export function writeError(error: unknown, encoding: Encoding, requestId: string): HttpResponse {
  const known = error instanceof AwsError ? error : new AwsError('InternalFailure', 'Internal Service Failure', 500);
  const content: Record<string, unknown> = { __type: known.code };
  Object.assign(content, known.members);
  if (known.message !== '') content[capitalized.has(known.code) ? 'Message' : 'message'] = known.message;
  return {
    status: known.status,
    headers: { 'content-type': contentTypes[encoding], 'x-amzn-errortype': known.code, ...requestHeaders(requestId) },
    body: encoding === 'cbor' ? writeErrorCbor(content) : JSON.stringify(content),
  };
}

const errorWriter = compileCborWriter({
  type: 'structure',
  name: 'Error',
  isException: true,
  isEventStream: false,
  members: ['__type', 'message', 'Message'].map((name) => ({
    name,
    required: false,
    shape: { type: 'string', name: 'String' },
  })),
});

function writeErrorCbor(content: Readonly<Record<string, unknown>>): Buffer {
  return errorWriter(content);
}

function requestHeaders(requestId: string): Record<string, string> {
  return { 'x-amzn-requestid': requestId, 'x-amz-id-2': requestId };
}
