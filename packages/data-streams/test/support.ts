import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDataStreams, operations, streamsMachine } from '@millrace/data-streams';
import type { DataStreams, RequestContext, Settings } from '@millrace/data-streams';
import { openEmbeddedLog, openRegistry } from '@millrace/log';
import { AwsError, loadService } from '@millrace/model';
import { ByteBudget, realWorld } from '@millrace/world';
import type { World } from '@millrace/world';

const model = loadService('kinesis');

/** A service on a real log and registry in a directory of its own, called as a client would call it. */
export interface TestService {
  readonly service: DataStreams;
  /** Decodes, checks and runs an operation; the answer is the JSON a client would get. */
  call(operation: string, input: object, context?: Partial<RequestContext>): Promise<Record<string, unknown>>;
  /** The code and message that a call fails with. */
  refusal(operation: string, input: object, context?: Partial<RequestContext>): Promise<string>;
  untilActive(stream: string): Promise<void>;
  restart(): Promise<TestService>;
  stop(): Promise<void>;
}

export interface TestOptions extends Partial<Settings> {
  readonly world?: World;
  readonly directory?: string;
  /** Small files and little memory make a short story meet flushes and rolls. */
  readonly log?: { readonly journalFileBytes: number; readonly hotBytes: number };
  /** Told of faults that are answered to a caller only by their code; a test that expects none fails on the first. */
  readonly report?: (error: unknown) => void;
}

export async function testService(options: TestOptions = {}): Promise<TestService> {
  const world = options.world ?? realWorld();
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'millrace-streams-')));
  const cipher = {
    seal: (_ref: number, plain: Uint8Array) => Buffer.from(plain),
    open: (_ref: number, sealed: Uint8Array) => Buffer.from(sealed),
  };
  const log = await openEmbeddedLog({
    world,
    directory: join(directory, 'log'),
    cipher,
    journalFileBytes: 1 << 20,
    ...options.log,
  });
  const registry = await openRegistry({ world, directory: join(directory, 'registry'), machine: streamsMachine });
  let nextKey = 1;
  const settings: Settings = {
    limits: 'none',
    transitionMs: 0,
    subscriptionMs: 300_000,
    consumersPerStream: 20,
    shardQuota: 500,
    ...options,
  };
  const opened = await openDataStreams({
    world,
    log,
    registry,
    keys: { create: () => Promise.resolve(nextKey++) },
    iteratorKey: Buffer.alloc(32, 7),
    answers: new ByteBudget(64 << 20),
    settings,
    report:
      options.report ??
      ((error) => {
        throw error;
      }),
  });
  await log.dropUnclaimed();
  const { service } = opened;
  const close = async (): Promise<void> => {
    await opened.stop();
    await registry.stop();
    await log.stop();
  };
  const call: TestService['call'] = async (name, input, context = {}) => {
    const operation = model.operations.get(name)!;
    const decoded = operation.decode(JSON.parse(JSON.stringify(input)), 'base64');
    operation.check(decoded);
    const handler = (operations as unknown as Record<string, (s: DataStreams, i: never, c: RequestContext) => unknown>)[
      name
    ]!;
    const base: RequestContext = {
      requestId: 'test',
      account: '000000000000',
      region: 'us-east-1',
      principal: 'test',
      signal: new AbortController().signal,
      onAnswered: (run) => run(),
    };
    const output = await handler(service, decoded, { ...base, ...context });
    if (name === 'SubscribeToShard') return output as Record<string, unknown>;
    const text = operation.encodeJson(output);
    return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
  };
  return {
    service,
    call,
    refusal: (name, input, context) =>
      call(name, input, context).then(
        () => 'nothing',
        (error: unknown) => {
          if (!(error instanceof AwsError)) throw error;
          return `${error.code}: ${error.message}`;
        },
      ),
    untilActive: async (stream) => {
      // Not by an operation: limits would count how often this looks, which is often where the machine is busy.
      const isActive = (): boolean =>
        [...service.state.streams.values()].find(({ name }) => name === stream)?.status === 'ACTIVE';
      while (!isActive()) await new Promise<void>((resolve) => world.clock.setTimer(2, resolve));
    },
    restart: async () => {
      await close();
      return testService({ ...options, directory });
    },
    stop: async () => {
      await close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
