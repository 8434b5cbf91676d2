import { authorize } from '@millrace/access';
import type { Caller } from '@millrace/access';
import type { RequestContext } from '@millrace/data-streams';
import { AwsError } from '@millrace/model';
import { encodingOf, indexServices, openExchange, readInput, writeError, writeOutput } from '@millrace/protocol';
import type { Exchange, HttpRequest, HttpResponse } from '@millrace/protocol';
import type { World } from '@millrace/world';
import type { Logger } from './logging.ts';
import type { RequestMetrics } from './metrics.ts';
import type { Room } from './rooms.ts';

export interface DispatchOptions {
  readonly world: World;
  readonly logger: Logger;
  readonly metrics: RequestMetrics;
  readonly rooms: readonly Room[];
  readonly authenticate: (request: HttpRequest) => Caller;
  /** Whether anyone may call without a signature. */
  readonly isOpen: boolean;
  /** Whether policies are evaluated. */
  readonly enforcesPolicies: boolean;
  /** GET /health and GET /metrics. */
  page(path: string): HttpResponse | undefined;
}

const corsHeaders = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'x-amzn-requestid,x-amzn-errortype,x-amz-id-2',
};

/** A request's way through the rooms: which operation, who, what input, may they, the operation, the answer. */
export function createDispatcher(options: DispatchOptions): (request: HttpRequest) => Promise<HttpResponse> {
  const { world, metrics } = options;
  const services = indexServices(options.rooms.map(({ model }) => model));
  const rooms = new Map(options.rooms.map((room) => [room.model, room]));
  return async (request) => {
    const page = request.method === 'GET' || request.method === 'HEAD' ? options.page(request.path) : undefined;
    if (page !== undefined) return page;
    if (request.method === 'OPTIONS') return preflight(request);
    const requestId = world.random.uuid();
    const began = world.clock.monotonicMs();
    let exchange: Exchange | undefined;
    let answer: HttpResponse;
    let code: string | undefined;
    try {
      exchange = openExchange(request, services);
      answer = writeOutput(
        exchange,
        await call(options, rooms.get(exchange.service)!, { exchange, request, requestId }),
        {
          requestId,
          room: request.room,
        },
      );
    } catch (error) {
      if (!(error instanceof AwsError))
        options.logger.error('a request failed', error, { operation: exchange?.operation.name, requestId });
      code = error instanceof AwsError ? error.code : 'InternalFailure';
      answer = writeError(error, {
        encoding: exchange?.encoding ?? encodingOf(request),
        requestId,
        service: exchange?.service,
      });
    }
    metrics.observe(exchange?.operation.name ?? 'none', answer.status, code, world.clock.monotonicMs() - began);
    return request.headers['origin'] === undefined
      ? answer
      : { ...answer, headers: { ...answer.headers, ...corsHeaders } };
  };
}

async function call(
  options: DispatchOptions,
  room: Room,
  { exchange, request, requestId }: { exchange: Exchange; request: HttpRequest; requestId: string },
): Promise<unknown> {
  const { name } = exchange.operation;
  const caller = options.authenticate(request);
  // A page of any site can send requests to this machine; browsers say so.
  if (options.isOpen && request.headers['origin'] !== undefined && room.notFromPages?.has(name) === true)
    throw new AwsError('AccessDeniedException', `${name} is not for pages while --auth is none.`, 403);
  const handler = room.find(name);
  if (handler === undefined) {
    throw new AwsError('UnknownOperationException', `Millrace does not have the operation ${name} yet.`);
  }
  const input = readInput(exchange, request);
  const context: RequestContext = {
    requestId,
    account: caller.account,
    region: caller.region,
    principal: caller.arn,
    // Asked for only by who waits: making one costs as much as a small request's reading.
    get signal() {
      return request.signal;
    },
    onAnswered: (run) => request.onAnswered(run),
  };
  if (options.enforcesPolicies && room.resourcesOf !== undefined) {
    const { arn, account, policy } = room.resourcesOf(input, context);
    authorize({
      caller,
      action: `${room.model.signingName}:${name}`,
      resource: arn,
      resourceAccount: account,
      resourcePolicy: policy,
      context: {
        'aws:sourceip': request.remoteAddress,
        'aws:securetransport': String(request.secure),
        'aws:requestedregion': caller.region,
      },
    });
  }
  return handler(input, context);
}

/** Browsers ask before they send signed headers. */
function preflight(request: HttpRequest): HttpResponse {
  const asked = request.headers['access-control-request-headers'];
  return {
    status: 200,
    headers: {
      ...corsHeaders,
      'access-control-allow-methods': 'GET, POST, PUT, DELETE, OPTIONS',
      'access-control-max-age': '172800',
      ...(asked !== undefined && { 'access-control-allow-headers': asked }),
    },
    body: '',
  };
}
