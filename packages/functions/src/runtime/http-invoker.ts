import { request as plainRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { request as secureRequest } from 'node:https';
import { serviceFault, tooManyRequests } from '../errors.ts';
import type { Call, Invoked } from '../invoker.ts';
import { mostAnswerBytes } from './messages.ts';

const runtimePath = '/2015-03-31/functions/function/invocations';
const noLog = Buffer.alloc(0);

/**
 * Runs a function at an HTTP endpoint of Lambda's runtime interface, as AWS's emulator and images of functions have it. A URL
 * without a path gets the interface's.
 */
export async function invokeHttp(url: string, call: Call, signal: AbortSignal): Promise<Invoked> {
  const target = new URL(url);
  if (target.pathname === '/') target.pathname = runtimePath;
  const { requestId, payload } = call;
  const { status, body, error } = await post(target, { payload, requestId, signal });
  if (status === 429) throw tooManyRequests();
  if (status !== 200) throw serviceFault(`${url} answered ${status}`);
  return { payload: body, functionError: error ?? errorIn(body), logTail: noLog };
}

interface HttpAnswer {
  readonly status: number;
  readonly body: Buffer;
  readonly error: Invoked['functionError'];
}

function post(
  url: URL,
  { payload, requestId, signal }: { payload: Buffer; requestId: string; signal: AbortSignal },
): Promise<HttpAnswer> {
  const request = url.protocol === 'https:' ? secureRequest : plainRequest;
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void => reject(serviceFault(`${url.href}: ${cause.message}`, cause));
    const headers = {
      'content-type': 'application/json',
      'content-length': payload.length,
      'lambda-runtime-aws-request-id': requestId,
    };
    request(url, { method: 'POST', headers, signal }, (answer) => {
      readAll(answer).then((body) => {
        const error = answer.headers['x-amz-function-error'];
        const isError = error === 'Handled' || error === 'Unhandled';
        resolve({ status: answer.statusCode ?? 0, body, error: isError ? error : undefined });
      }, fail);
    })
      .on('error', fail)
      .end(payload);
  });
}

async function readAll(answer: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > mostAnswerBytes) throw new Error(`an answer of more than ${mostAnswerBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** AWS's emulator answers 200 and no header for a function's error: what tells it is the error's form. */
function errorIn(body: Buffer): Invoked['functionError'] {
  if (!body.includes('"errorMessage"') || !body.includes('"errorType"')) return undefined;
  try {
    const { errorMessage, errorType } = JSON.parse(body.toString()) as Record<string, unknown>;
    return typeof errorMessage === 'string' && typeof errorType === 'string' ? 'Unhandled' : undefined;
  } catch {
    return undefined;
  }
}
