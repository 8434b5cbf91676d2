import { isAscii } from 'node:buffer';
import { gunzipSync } from 'node:zlib';
import { AwsError } from '@millrace/model';
import type { OperationModel, ServiceModel } from '@millrace/model';
import { compileCborWriter } from './cbor/cbor-writer.ts';
import type { CborWriter } from './cbor/cbor-writer.ts';
import { CborError, readCbor } from './cbor/cbor-reader.ts';
import { eventStreamBody } from './event-stream/event-stream-body.ts';
import type { HttpRequest, HttpResponse } from './http.ts';
import { readForm, treeOfForm } from './query/form.ts';
import type { Form } from './query/form.ts';
import { escapeXml, xmlOf } from './query/xml.ts';
import { restOutput, restTree } from './rest/rest-json.ts';
import type { Labels } from './rest/route.ts';
import { scanPutRecords } from './json/scan-put-records.ts';
import type { ServiceIndex } from './service-index.ts';

/** One call of an operation: which it is, and how its input is read and its output written. */
export interface Exchange {
  readonly service: ServiceModel;
  readonly operation: OperationModel;
  readonly encoding: Encoding;
  /** The parameters of a call by the query protocol. */
  readonly form?: Form;
  /** What stands in the path of a call by rest-json. */
  readonly labels?: Labels;
}

/**
 * How a call is spelled: aws-json, in JSON or in CBOR of the same shapes (the Java SDKs' default for Kinesis); Smithy's RPC v2 in
 * CBOR (today's SDKs for CloudWatch); AWS's query protocol, a form that is answered in XML (older ones, and STS); or rest-json
 * (Lambda), which says by method and path what is wanted.
 */
export type Encoding = 'json-1.0' | 'json-1.1' | 'cbor' | 'rpc-cbor' | 'query' | 'rest-json';

const rpcPath = /^\/service\/(\w+)\/operation\/(\w+)$/;
const rpcHeaders = { 'smithy-protocol': 'rpc-v2-cbor' };

const contentTypes: Readonly<Record<Encoding, string>> = {
  'json-1.0': 'application/x-amz-json-1.0',
  'json-1.1': 'application/x-amz-json-1.1',
  cbor: 'application/x-amz-cbor-1.1',
  'rpc-cbor': 'application/cbor',
  query: 'text/xml',
  'rest-json': 'application/json',
};

/** How a request wants to be answered, also when it is none that we can answer. */
export function encodingOf(request: HttpRequest): Encoding {
  if (request.headers['smithy-protocol'] === 'rpc-v2-cbor') return 'rpc-cbor';
  const type = request.headers['content-type'] ?? '';
  if (isQuery(request)) return 'query';
  if (type.startsWith('application/x-amz-cbor-1.1')) return 'cbor';
  return type.startsWith('application/x-amz-json-1.0') ? 'json-1.0' : 'json-1.1';
}

/** A form, or a GET that names an Action. */
function isQuery({ method, headers, query }: HttpRequest): boolean {
  if (headers['x-amz-target'] !== undefined) return false;
  if (method === 'GET') return /(^|&)Action=/.test(query);
  return (headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded');
}

/**
 * Finds the operation by X-Amz-Target, by RPC v2's path or by a form's Action. Throws the AwsError that AWS answers where there
 * is none.
 */
export function openExchange(request: HttpRequest, services: ServiceIndex): Exchange {
  const routed =
    request.headers['x-amz-target'] === undefined ? services.byPath(request.method, request.path) : undefined;
  if (routed !== undefined) return { ...routed, encoding: 'rest-json' };
  if (isQuery(request)) return openQuery(request, services);
  const path = rpcPath.exec(request.path);
  const target = path === null ? request.headers['x-amz-target'] : `${path[1]}.${path[2]}`;
  if (request.method !== 'POST' || target === undefined) {
    throw new AwsError('AccessDeniedException', 'Unable to determine service/operation name to be authorized', 403);
  }
  const dot = target.indexOf('.');
  const service = services.byTarget(target.slice(0, dot));
  const operation = service?.operations.get(target.slice(dot + 1));
  if (service === undefined) throw new AwsError('UnknownOperationException', '', 400);
  if (operation === undefined) throw new AwsError('UnknownOperationException', unknownOperation(service), 400);
  return { service, operation, encoding: encodingOf(request) };
}

/** The Version tells the service: Kinesis' neighbours share no Action. */
function openQuery(request: HttpRequest, services: ServiceIndex): Exchange {
  const form = readForm(request.method === 'GET' ? request.query : plainBody(request).toString());
  const version = form.get('Version');
  const action = form.get('Action') ?? '';
  for (const service of services.all) {
    const operation = service.operations.get(action);
    if (service.query === undefined || operation === undefined) continue;
    if (version === undefined || service.query.version === version)
      return { service, operation, encoding: 'query', form };
  }
  throw new AwsError(
    'InvalidAction',
    `Could not find operation ${action} for version ${version ?? 'NO_VERSION_SPECIFIED'}`,
  );
}

/** AWS says nothing; of its neighbours Kinesis' clients need a part, and who asks for more shall know why it is not there. */
function unknownOperation({ id, operations }: ServiceModel): string {
  if (id === 'kinesis') return '';
  return `Millrace has what Kinesis clients need of ${id}: ${[...operations.keys()].join(', ')}.`;
}

/** The input, decoded and checked in AWS's order: the body parses, the types are right, the constraints hold. */
export function readInput({ operation, encoding, form, labels }: Exchange, request: HttpRequest): never {
  const body = plainBody(request);
  const { name } = operation;
  if ((name === 'PutRecords' || name === 'PutRecordBatch') && encoding.startsWith('json')) {
    const scanned = scanPutRecords(body, request.room, name);
    if (scanned !== undefined) {
      operation.check(scanned);
      return scanned as never;
    }
  }
  const isCbor = encoding === 'cbor' || encoding === 'rpc-cbor';
  let tree: unknown;
  if (form !== undefined) tree = treeOfForm(form, operation.input);
  else if (labels !== undefined) tree = restTree(operation, labels, { request, json: () => parseJson(body) });
  else tree = isCbor ? parseCbor(body, encoding) : parseJson(body);
  try {
    const input = operation.decode(tree, isCbor || labels !== undefined ? 'either' : 'base64');
    operation.check(input);
    return input;
  } catch (error) {
    // A shape that holds itself (DynamoDB's values) may be nested deeper than any stack.
    if (error instanceof RangeError) throw new AwsError('SerializationException', '', 400, { cause: error });
    throw error;
  }
}

const mostUnzippedBytes = 16 << 20;

/** SDKs compress what they send to CloudWatch from 10 KB on. */
function plainBody({ body, headers }: HttpRequest): Buffer {
  if (headers['content-encoding'] !== 'gzip') return body;
  try {
    return gunzipSync(body, { maxOutputLength: mostUnzippedBytes });
  } catch (error) {
    throw new AwsError('SerializationException', '', 400, { cause: error });
  }
}

function parseCbor(body: Buffer, encoding: Encoding): unknown {
  if (body.length === 0) return {};
  try {
    return readCbor(body, { timestamps: encoding === 'cbor' ? 'milliseconds' : 'seconds' });
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

const writers = {
  milliseconds: new WeakMap<OperationModel, CborWriter>(),
  seconds: new WeakMap<OperationModel, CborWriter>(),
};

/** The answer of an operation that succeeded. An event stream is the same in all encodings: its messages are JSON. */
export function writeOutput(
  { service, operation, encoding }: Exchange,
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
  if (encoding === 'rest-json') {
    const { status, headers, body } = restOutput(operation, output);
    const all = { 'content-type': contentTypes[encoding], ...headers, ...requestHeaders(requestId) };
    return { status, headers: all, body };
  }
  let body: Buffer | string;
  if (encoding === 'query') return writeQuery(service, operation, { output, requestId });
  if (encoding === 'cbor' || encoding === 'rpc-cbor') {
    const timestamps = encoding === 'cbor' ? 'milliseconds' : 'seconds';
    let write = writers[timestamps].get(operation);
    if (write === undefined)
      writers[timestamps].set(operation, (write = compileCborWriter(operation.output, timestamps)));
    body = operation.output.members.length === 0 ? '' : write(output, room);
  } else if (operation.name === 'GetRecords') body = operation.encodeJsonBytes(output, room);
  else body = operation.encodeJson(output);
  const headers = { 'content-type': contentTypes[encoding], ...requestHeaders(requestId) };
  return { status: 200, headers: encoding === 'rpc-cbor' ? { ...headers, ...rpcHeaders } : headers, body };
}

function writeQuery(
  { query }: ServiceModel,
  { name, output: shape }: OperationModel,
  { output, requestId }: { output: unknown; requestId: string },
): HttpResponse {
  const result = shape.members.length === 0 ? '' : `<${name}Result>${xmlOf(output, shape)}</${name}Result>`;
  const metadata = `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata>`;
  const body = `<${name}Response xmlns="${query!.namespace}">${result}${metadata}</${name}Response>\n`;
  return { status: 200, headers: { 'content-type': contentTypes.query, ...requestHeaders(requestId) }, body };
}

/** Codes whose text stands under `Message`, as AWS's oldest layer writes it (recorded). */
const capitalized = new Set(['SerializationException']);

/** An error in the caller's encoding. Whatever is not an AwsError is a fault of ours and says no more than that. */
export function writeError(
  error: unknown,
  { encoding, requestId, service }: { encoding: Encoding; requestId: string; service: ServiceModel | undefined },
): HttpResponse {
  const known = error instanceof AwsError ? error : new AwsError('InternalFailure', 'Internal Service Failure', 500);
  // The query protocol has its own names of errors; who left it for RPC v2 gets them beside the new ones.
  const queryCode = service?.errorCodes.get(known.code) ?? known.code;
  const fault = known.status < 500 ? 'Sender' : 'Receiver';
  if (encoding === 'query') {
    const namespace = service?.query === undefined ? '' : ` xmlns="${service.query.namespace}"`;
    const text = `<Type>${fault}</Type><Code>${queryCode}</Code><Message>${escapeXml(known.message)}</Message>`;
    const body = `<ErrorResponse${namespace}><Error>${text}</Error><RequestId>${requestId}</RequestId></ErrorResponse>\n`;
    return {
      status: known.status,
      headers: { 'content-type': contentTypes.query, ...requestHeaders(requestId) },
      body,
    };
  }
  // rest-json names the error by its header alone.
  const content: Record<string, unknown> = encoding === 'rest-json' ? {} : { __type: known.code };
  Object.assign(content, known.members);
  // Who has its text among its members spells it there.
  if (known.message !== '' && content['Message'] === undefined)
    content[capitalized.has(known.code) ? 'Message' : 'message'] = known.message;
  return {
    status: known.status,
    headers: {
      'content-type': contentTypes[encoding],
      'x-amzn-errortype': known.code,
      ...requestHeaders(requestId),
      ...(encoding === 'rpc-cbor' && { ...rpcHeaders, 'x-amzn-query-error': `${queryCode};${fault}` }),
    },
    body: encoding.endsWith('cbor') ? writeErrorCbor(content) : JSON.stringify(content),
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
