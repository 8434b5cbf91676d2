import { AwsError, jsonEncoder } from '@millrace/model';
import type { JsonEncoder, Member, OperationModel, Shape, StructureShape } from '@millrace/model';
import type { HttpRequest } from '../http.ts';
import type { Labels } from './route.ts';

/**
 * AWS's rest-json: an input's members stand in the path, the query, the headers and a JSON body, or one member is the body
 * itself (its payload); an output's in the status, the headers and the body. What is not said here is as in aws-json.
 */
export function restTree(
  { input }: OperationModel,
  labels: Labels,
  { request, json }: { request: HttpRequest; json: () => unknown },
): unknown {
  const payload = input.members.find(({ name }) => name === input.payload);
  const tree: Record<string, unknown> = {
    ...(payload === undefined ? structureOf(json()) : payloadOf(payload, request, json)),
  };
  const query = new URLSearchParams(request.query);
  for (const { name, shape, location } of input.members) {
    if (location === undefined) continue;
    // What a body says of a member that stands elsewhere does not count.
    delete tree[name];
    const value =
      location.in === 'uri'
        ? labels[location.name]
        : location.in === 'header'
          ? request.headers[location.name.toLowerCase()]
          : fromQuery(query, location.name, shape);
    if (value !== undefined) tree[name] = Array.isArray(value) ? value : fromText(value, shape);
  }
  return tree;
}

function structureOf(tree: unknown): object {
  if (tree === null || (typeof tree === 'object' && !Array.isArray(tree))) return { ...tree };
  throw new AwsError('SerializationException', '');
}

function payloadOf({ name, shape }: Member, request: HttpRequest, json: () => unknown): Record<string, unknown> {
  if (shape.type !== 'blob') return { [name]: json() };
  // A copy: the request's body is lent for the time of the call only.
  return request.body.length === 0 ? {} : { [name]: Buffer.from(request.body) };
}

function fromQuery(query: URLSearchParams, name: string, shape: Shape): string | unknown[] | undefined {
  if (shape.type !== 'list') return query.get(name) ?? undefined;
  const all = query.getAll(name);
  return all.length === 0 ? undefined : all.map((text) => fromText(text, shape.element));
}

/** A text of path, query or header as the JSON value that the decoder expects. */
function fromText(text: string, { type }: Shape): unknown {
  switch (type) {
    case 'boolean':
      if (text === 'true' || text === 'false') return text === 'true';
      break;
    case 'integer':
    case 'long':
    case 'float':
    case 'double':
      if (text !== '' && Number.isFinite(Number(text))) return Number(text);
      break;
    case 'timestamp':
      if (!Number.isNaN(Date.parse(text))) return Date.parse(text) / 1000;
      break;
    default:
      return text;
  }
  throw new AwsError('SerializationException', `${text} can not be converted to ${type}`);
}

interface OutputParts {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | string;
}

interface Layout {
  readonly located: readonly Member[];
  readonly payload: Member | undefined;
  readonly encodeBody: JsonEncoder;
}

const layouts = new WeakMap<OperationModel, Layout>();

/** An output's status, headers and body. */
export function restOutput(operation: OperationModel, output: unknown): OutputParts {
  let layout = layouts.get(operation);
  if (layout === undefined) layouts.set(operation, (layout = layoutOf(operation.output)));
  const values = output as Record<string, string | number | boolean | Buffer | null | undefined>;
  let status = operation.http.responseCode;
  const headers: Record<string, string> = {};
  for (const { name, location } of layout.located) {
    const value = values[name];
    if (value === undefined || value === null) continue;
    if (location!.in === 'statusCode') status = Number(value);
    else headers[location!.name.toLowerCase()] = String(value);
  }
  const { payload } = layout;
  if (payload === undefined) return { status, headers, body: status === 204 ? '' : layout.encodeBody(output) };
  const content = values[payload.name];
  if (payload.shape.type === 'blob') return { status, headers, body: (content as Buffer | undefined) ?? '' };
  return { status, headers, body: content === undefined ? '' : jsonEncoder(payload.shape)(content) };
}

function layoutOf(output: StructureShape): Layout {
  const located = output.members.filter(({ location }) => location !== undefined);
  const payload = output.members.find(({ name }) => name === output.payload);
  const members = output.members.filter(({ location }) => location === undefined);
  return { located, payload, encodeBody: jsonEncoder({ ...output, members }) };
}
