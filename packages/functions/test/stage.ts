/** A mapping of one shard by a clock that the test runs, to a function that the test plays. */
import type { EventSourceMappingConfiguration } from '@millrace/model/lambda';
import { functionOperations } from '@millrace/functions';
import type { Call, FailureToSend, Invoked, SourceShard, SourceStream } from '@millrace/functions';
import { simulatedWorld } from '@millrace/world';
import type { SimulatedWorld } from '@millrace/world';
import { openTestFunctions } from './support.ts';
import type { TestFunctions } from './support.ts';

export const context = { requestId: 'r', account: '000000000000', region: 'us-east-1' };
export const arn = 'arn:aws:kinesis:us-east-1:000000000000:stream/s';

interface Seen {
  readonly atMs: number;
  readonly texts: string[];
  readonly event: Record<string, unknown>;
}

export interface Stage extends TestFunctions {
  readonly world: SimulatedWorld;
  /** What there is under the stream's ARN; a test sets another. */
  readonly source: { stream: SourceStream | undefined };
  readonly seen: Seen[];
  readonly told: FailureToSend[];
  readonly reports: string[];
  put(...texts: string[]): Promise<void>;
  /** Puts records of a partition key into a shard. */
  putTo(logId: number, partitionKey: string, texts: readonly string[]): Promise<void>;
  /** Creates a mapping and answers as the API does. */
  create(settings: object): Promise<EventSourceMappingConfiguration>;
  map(settings: object): Promise<string>;
  /** Waits for a promise while the world runs. */
  settled<T>(promise: Promise<T>): Promise<T>;
  end(): Promise<void>;
}

interface Played {
  /** In the place of `answer`: for events that are no batches. */
  call?(call: Call): unknown;
  /** Before a failure destination has what it is told. */
  send?(signal: AbortSignal): Promise<void>;
}

export function shardOf(logId: number, others: Partial<SourceShard> = {}): SourceShard {
  return {
    logId,
    shardId: `shardId-${String(logId - 1).padStart(12, '0')}`,
    parents: [],
    endIndex: undefined,
    hashKeys: { startingHashKey: 0n, endingHashKey: 2n ** 128n - 1n },
    sequenceNumber: (index: number) => String(1000 * logId + index),
    ...others,
  };
}

/** One shard, and a function that does what `answer` says: 'fail' is the function's error, 'page'
 * an answer that is no JSON, what it throws a fault on the way there. */
export async function stage(
  answer: (texts: string[], event: Record<string, unknown>) => unknown,
  { call, send }: Played = {},
): Promise<Stage> {
  const world = simulatedWorld(7);
  const seen: Seen[] = [];
  const told: FailureToSend[] = [];
  const reports: string[] = [];
  const settled: Stage['settled'] = async (promise) => {
    let isDone = false;
    promise.then(
      () => (isDone = true),
      () => (isDone = true),
    );
    await world.run({ stop: () => isDone });
    return promise;
  };
  const invoke = async (called: Call): Promise<Invoked> => {
    const { payload } = called;
    if (call !== undefined)
      return {
        payload: Buffer.from(JSON.stringify(await call(called))),
        functionError: undefined,
        logTail: Buffer.alloc(0),
      };
    const event = JSON.parse(payload.toString()) as Record<string, unknown> & {
      Records: { kinesis: { data: string } }[];
    };
    const texts = event.Records.map(({ kinesis }) => Buffer.from(kinesis.data, 'base64').toString());
    seen.push({ atMs: world.clock.now(), texts, event });
    const result = await answer(texts, event);
    const functionError = result === 'fail' ? 'Unhandled' : undefined;
    const text = result === 'page' ? '<html></html>' : JSON.stringify(result);
    return { payload: Buffer.from(text), functionError, logTail: Buffer.alloc(0) };
  };
  const source: Stage['source'] = {
    stream: { id: 'one', arn, retentionMs: 86_400_000, shards: [shardOf(1)] },
  };
  const opening = openTestFunctions({
    world,
    names: ['f', 'g'],
    report: (message) => void reports.push(message),
    invoker: { invoke, retire: () => undefined, metrics: () => ({}), stop: () => Promise.resolve() },
    sources: { find: () => source.stream },
    destinations: {
      problem: () => undefined,
      async send(_to, failure, signal) {
        await send?.(signal);
        told.push(failure);
      },
    },
    claim: (log) => log.create(1),
  });
  const opened = await settled(opening);
  const putTo: Stage['putTo'] = async (logId, partitionKey, texts) => {
    const records = texts.map((text) => ({ partitionKey, data: Buffer.from(text, 'latin1') }));
    await settled(opened.log.append(logId, records, 0));
  };
  const create: Stage['create'] = (settings) => {
    const input = { FunctionName: 'f', EventSourceArn: arn, StartingPosition: 'TRIM_HORIZON', ...settings } as const;
    return settled(
      Promise.resolve(functionOperations.CreateEventSourceMapping(opened.functions.service, input, context)),
    );
  };
  return {
    ...{ ...opened, world, source, seen, told, reports, settled, create },
    put: (...texts) => putTo(1, 'k', texts),
    putTo,
    map: async (settings) => (await create(settings)).UUID!,
    end: () => settled(opened.functions.stop()),
  };
}
