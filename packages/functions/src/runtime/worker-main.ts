/**
 * The program of a worker process: loads a function's module once, then runs it for one event after the other. It knows nothing
 * of Millrace but the messages; what the function does to this process is done to it alone.
 *
 * Names of errors, the form of log lines and the context are those of AWS's runtime interface client for Node.
 */

// oxlint-disable-next-line no-restricted-imports -- a process of its own, without a world: it writes to its parent, not to a disk
import { writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Socket } from 'node:net';
import { pathToFileURL } from 'node:url';
import { format } from 'node:util';
import { Worker } from 'node:worker_threads';
import { FrameReader, frameOf } from './frames.ts';
import { mostAnswerBytes, workerDescriptors } from './messages.ts';
import type { FromWorker, ToWorker } from './messages.ts';

type Handler = (event: unknown, context: object, callback: (error: unknown, result?: unknown) => void) => unknown;

const extensions = ['', '.js', '.mjs', '.cjs', '.ts', '.mts', '.cts'];
const nothing = Buffer.alloc(0);
/** A long text goes in pieces: the server holds no more than one. */
const logPieceBytes = 65_536;
/** Enough of an error to know it by. */
const mostErrorLetters = 65_536;

/** Written before this returns, however slow the server reads: nothing gathers here, and nothing is lost where the process ends. */
function tell(message: FromWorker, body: Buffer = nothing): void {
  for (const part of frameOf(message, body))
    for (let at = 0; at < part.length;) at += writeSync(workerDescriptors.out, part, at);
}

function tellLog(text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += logPieceBytes)
    tell({ type: 'log' }, bytes.subarray(at, at + logPieceBytes));
}

let handler: Handler | undefined;
let requestId: string | undefined;
/** Answers the event that runs now; undefined while none does. */
let answer: ((message: FromWorker, body: Buffer) => void) | undefined;

for (const stream of [process.stdout, process.stderr]) {
  stream.write = (chunk: string | Uint8Array, encoding?: unknown, done?: () => void): boolean => {
    tellLog(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString());
    const called = typeof encoding === 'function' ? (encoding as () => void) : done;
    if (called !== undefined) process.nextTick(called);
    return true;
  };
}
for (const [name, level] of [
  ['log', 'INFO'],
  ['debug', 'DEBUG'],
  ['info', 'INFO'],
  ['warn', 'WARN'],
  ['error', 'ERROR'],
  ['trace', 'TRACE'],
] as const)
  console[name] = (...args: unknown[]) => logLine(level, format(...args));

function logLine(level: string, text: string): void {
  tellLog(`${new Date().toISOString()}\t${requestId ?? 'undefined'}\t${level}\t${text}\n`);
}

const reader = new FrameReader({
  mostBytes: 2 ** 31,
  take(header, body) {
    const message = header as ToWorker;
    if (message.type === 'start') void load(message);
    else run(message, body.toString());
  },
});
const incoming = new Socket({ fd: workerDescriptors.in, readable: true, writable: false });
incoming.on('data', (piece: Buffer) => reader.add(piece));
// The server is gone.
incoming.on('close', () => process.exit(0));
incoming.on('error', () => process.exit(0));
// A handler that never gives the thread back would not hear of it: another thread looks whether the parent is still the server,
// whose process id is the argument. Asked for here, the parent could be another one already.
const watch = `
  const { workerData: server } = require('node:worker_threads');
  setInterval(() => process.ppid === server || process.kill(process.pid, 'SIGKILL'), 1000);
`;
new Worker(watch, { eval: true, workerData: Number(process.argv[2]) }).unref();
process.on('uncaughtException', (error, origin) => {
  const isRejection = origin === 'unhandledRejection';
  const payload = errorPayload(error, isRejection ? 'Runtime.UnhandledPromiseRejection' : undefined);
  logLine('ERROR', `${isRejection ? 'Unhandled Promise Rejection' : 'Uncaught Exception'} \t${payload}`);
  (answer ?? tell)({ type: 'failed', ends: true }, Buffer.from(payload));
  process.exit(128);
});
// A handler that has returned nothing and has nothing more to do will not answer.
process.on('beforeExit', () => answer?.({ type: 'done', maxBytes: maxBytes() }, Buffer.from('null')));

async function load({ path, handler: name, spelled }: ToWorker & { type: 'start' }): Promise<void> {
  try {
    const module = (await import(pathToFileURL(resolve(path)).href)) as Record<string, unknown>;
    const found = exported(module, name) ?? exported(module['default'], name);
    if (typeof found !== 'function') throw named('Runtime.HandlerNotFound', `${spelled} is undefined or not exported`);
    handler = found as Handler;
    tell({ type: 'ready' });
  } catch (error) {
    const payload = errorPayload(error, importErrorType(error));
    logLine('ERROR', `Uncaught Exception \t${payload}`);
    tell({ type: 'failed', ends: true }, Buffer.from(payload));
    process.exit(1);
  }
}

function resolve(path: string): string {
  const require = createRequire(path);
  for (const extension of extensions)
    try {
      return require.resolve(path + extension);
    } catch {
      // The next one.
    }
  throw named('Runtime.ImportModuleError', `Error: Cannot find module '${path.slice(path.lastIndexOf('/') + 1)}'`);
}

function exported(module: unknown, name: string): unknown {
  let value = module;
  for (const part of name.split('.')) value = (value as Record<string, unknown> | undefined)?.[part];
  return value;
}

function run({ requestId: id, arn, remainingMs }: ToWorker & { type: 'invoke' }, event: string): void {
  requestId = id;
  const endMs = performance.now() + remainingMs;
  answer = (message, body) => {
    answer = undefined;
    incoming.ref();
    tell(message, body);
  };
  const settle = answer;
  const succeed = (result: unknown): void => {
    // What comes after the first answer, or after the next event began, counts for nothing.
    if (answer === settle) settle(...answered(result));
  };
  const fail = (error: unknown): void => {
    if (answer !== settle) return;
    const payload = errorPayload(error);
    logLine('ERROR', `Invoke Error \t${payload}`);
    settle({ type: 'failed', ends: false }, Buffer.from(payload));
  };
  const callback = (error: unknown, result?: unknown): void =>
    error === undefined || error === null ? succeed(result) : fail(error);
  try {
    const result = handler!(JSON.parse(event), contextOf(id, { arn, endMs, callback }), callback);
    if (isThenable(result)) Promise.resolve(result).then(succeed, fail);
    // Without this socket, the event loop is empty when the handler has nothing more to do.
    else if (answer === settle) incoming.unref();
  } catch (error) {
    fail(error);
  }
}

function contextOf(
  id: string,
  { arn, endMs, callback }: { arn: string; endMs: number; callback: (error: unknown, result?: unknown) => void },
): object {
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: process.env['AWS_LAMBDA_FUNCTION_NAME'],
    functionVersion: '$LATEST',
    memoryLimitInMB: process.env['AWS_LAMBDA_FUNCTION_MEMORY_SIZE'],
    logGroupName: process.env['AWS_LAMBDA_LOG_GROUP_NAME'],
    logStreamName: process.env['AWS_LAMBDA_LOG_STREAM_NAME'],
    invokedFunctionArn: arn,
    awsRequestId: id,
    getRemainingTimeInMillis: () => Math.max(0, Math.floor(endMs - performance.now())),
    done: callback,
    succeed: (result: unknown) => callback(undefined, result),
    fail: (error: unknown) => callback(error ?? 'handled'),
  };
}

function answered(result: unknown): [FromWorker, Buffer] {
  try {
    const body = Buffer.from(JSON.stringify(result) ?? 'null');
    if (body.length > mostAnswerBytes) return [{ type: 'tooLarge', bytes: body.length }, nothing];
    return [{ type: 'done', maxBytes: maxBytes() }, body];
  } catch (error) {
    const text = `Unable to stringify response body: ${(error as Error).message}`;
    const payload = errorPayload(named('Runtime.MarshalError', text));
    return [{ type: 'failed', ends: false }, Buffer.from(payload)];
  }
}

function maxBytes(): number {
  return process.resourceUsage().maxRSS * 1024;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}

function named(name: string, message: string): Error {
  const error = new Error(message);
  error.name = name;
  return error;
}

function importErrorType(error: unknown): string | undefined {
  if (error instanceof SyntaxError) return 'Runtime.UserCodeSyntaxError';
  const { code } = error as { code?: unknown };
  return code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND' ? 'Runtime.ImportModuleError' : undefined;
}

function errorPayload(error: unknown, type?: string): string {
  if (!(error instanceof Error))
    return JSON.stringify({ errorType: type ?? typeof error, errorMessage: shortened(format(error)), trace: [] });
  const errorMessage = shortened(type === undefined ? error.message : String(error));
  const trace = shortened(error.stack ?? '').split('\n');
  return JSON.stringify({ errorType: type ?? shortened(error.name), errorMessage, trace });
}

/** What a function throws can have any size. */
function shortened(text: unknown): string {
  return String(text).slice(0, mostErrorLetters);
}
