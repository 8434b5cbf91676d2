import assert from 'node:assert/strict';
import { firehoseMachine, firehoseOperations, openFirehose } from '@millrace/firehose';
import type {
  Compressors,
  ErrorLogs,
  Conversions,
  Firehose,
  FunctionInvoker,
  HttpSender,
  IcebergTables,
  ObjectStore,
  OpenFirehose,
  QueryEngine,
  ReadBudget,
  SourceStreams,
  SourceTopics,
  StatementSender,
  StoredObject,
} from '@millrace/firehose';
import { openEmbeddedLog, openRegistry } from '@millrace/log';
import { AwsError, loadService } from '@millrace/model';
import { movableWorld, realWorld } from '@millrace/world';
import type { MovableWorld, World } from '@millrace/world';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openJqEngine } from '../src/processing/jq/jq-engine.ts';

const model = loadService('firehose');
const account = '000000000000';

export const s3 = { RoleARN: `arn:aws:iam::${account}:role/firehose`, BucketARN: 'arn:aws:s3:::logs' };

/** A service on a real log and registry, called as a client would call it. */
export interface TestFirehose {
  readonly firehose: OpenFirehose;
  /** Decodes, checks and runs an operation; the answer is the JSON a client would get. */
  call(operation: string, input: object): Promise<Record<string, unknown>>;
  /** The code and message that a call fails with. */
  refusal(operation: string, input: object): Promise<string>;
  untilActive(deliveryStream: string): Promise<void>;
  stop(): Promise<void>;
}

const noTables: Conversions = {
  columns({ tableName }) {
    throw new AwsError('EntityNotFoundException', `Table ${tableName} not found.`);
  },
  begin: () => Promise.reject(new Error('there are no tables')),
};

export interface TestOptions {
  readonly world: World;
  readonly directory: string;
  readonly objects: ObjectStore;
  readonly sources?: SourceStreams;
  readonly readBudget?: ReadBudget;
  readonly topics?: SourceTopics;
  readonly http?: HttpSender;
  readonly errorLogs?: ErrorLogs;
  readonly statements?: StatementSender;
  readonly conversions?: Conversions;
  readonly icebergTables?: IcebergTables;
  readonly icebergCatalogs?: ReadonlySet<string>;
  readonly compressors?: Compressors;
  readonly limits?: 'aws' | 'none';
  readonly transitionMs?: number;
  readonly deliveryBytes?: number;
  readonly searchDomains?: ReadonlyMap<string, string>;
  readonly activePartitions?: number;
  readonly functions?: FunctionInvoker;
  readonly queries?: QueryEngine;
  readonly log?: { readonly journalFileBytes: number; readonly hotBytes: number };
  report?(message: string, error: unknown): void;
}

export async function openTestFirehose(options: TestOptions): Promise<TestFirehose> {
  const { world, directory, objects, limits = 'none', transitionMs = 0 } = options;
  const cipher = {
    seal: (_ref: number, plain: Uint8Array) => Buffer.from(plain),
    open: (_ref: number, sealed: Uint8Array) => Buffer.from(sealed),
  };
  const log = await openEmbeddedLog({
    world,
    directory: `${directory}/log`,
    cipher,
    journalFileBytes: 1 << 20,
    ...options.log,
  });
  const registry = await openRegistry({ world, directory: `${directory}/firehose`, machine: firehoseMachine });
  let nextKey = 1;
  const firehose = await openFirehose({
    world,
    log,
    registry,
    objects,
    sources: options.sources ?? { find: () => undefined },
    http: options.http ?? { send: () => Promise.reject(new Error('nobody answers')) },
    ...(options.readBudget && { readBudget: options.readBudget }),
    ...(options.topics && { topics: options.topics }),
    errorLogs: options.errorLogs ?? { write: () => undefined },
    statements: options.statements ?? { run: () => Promise.reject(new Error('nobody answers')) },
    functions: options.functions ?? { invoke: () => Promise.reject(new Error('no function is called')) },
    ...(options.queries && { queries: options.queries }),
    conversions: options.conversions ?? noTables,
    ...(options.icebergTables && { icebergTables: options.icebergTables }),
    ...(options.compressors && { compressors: options.compressors }),
    keys: { create: () => Promise.resolve(nextKey++) },
    settings: {
      limits,
      transitionMs,
      deliveryBytes: options.deliveryBytes ?? 512 << 20,
      ...(options.searchDomains && { searchDomains: options.searchDomains }),
      activePartitions: options.activePartitions ?? 500,
      ...(options.icebergCatalogs && { icebergCatalogs: options.icebergCatalogs }),
    },
    report: options.report ?? (() => undefined),
  });
  await log.dropUnclaimed();
  const call: TestFirehose['call'] = async (name, input) => {
    const operation = model.operations.get(name)!;
    const decoded = operation.decode(JSON.parse(JSON.stringify(input)), 'base64');
    operation.check(decoded);
    const handlers = firehoseOperations as unknown as Record<string, (s: Firehose, i: never, c: object) => unknown>;
    const output = await handlers[name]!(firehose.service, decoded, { account, region: 'us-east-1' });
    const text = operation.encodeJson(output);
    return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
  };
  return {
    firehose,
    call,
    refusal: (name, input) =>
      call(name, input).then(
        () => 'nothing',
        (error: unknown) => {
          if (!(error instanceof AwsError)) throw error;
          return `${error.code}: ${error.message}`;
        },
      ),
    async untilActive(name) {
      for (;;) {
        const answer = (await call('DescribeDeliveryStream', { DeliveryStreamName: name })) as {
          DeliveryStreamDescription: { DeliveryStreamStatus: string };
        };
        if (answer.DeliveryStreamDescription.DeliveryStreamStatus === 'ACTIVE') return;
        await new Promise<void>((resolve) => world.clock.setTimer(2, resolve));
      }
    },
    async stop() {
      await firehose.stop();
      await registry.stop();
      await log.stop();
    },
  };
}

/** Objects in memory, in the order in which they came. */
export class MemoryObjects implements ObjectStore {
  readonly stored: (Pick<StoredObject, 'bucket' | 'key' | 'contentEncoding' | 'kmsKeyArn'> & {
    readonly body: Buffer;
  })[] = [];

  async put({ bucket, key, body, contentEncoding, kmsKeyArn }: StoredObject): Promise<void> {
    this.stored.push({ bucket, key, body: Buffer.concat(body), contentEncoding, kmsKeyArn });
  }
}

/** A service on the real disk, whose clock the test moves; `end` stops it and removes its directory. */
export async function movableFirehose(
  options: Partial<TestOptions> = {},
): Promise<TestFirehose & { readonly world: MovableWorld; readonly objects: MemoryObjects; end(): Promise<void> }> {
  const world = movableWorld();
  const directory = await mkdtemp(join(tmpdir(), 'millrace-firehose-'));
  const objects = new MemoryObjects();
  // Threads take real time.
  const queries = openJqEngine(realWorld());
  const opened = await openTestFirehose({ world, directory, objects, queries, ...options });
  return {
    ...opened,
    world,
    objects,
    async end() {
      await opened.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export async function until(condition: () => boolean, withinMs = 10_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!condition()) {
    assert.ok(performance.now() < deadline, 'gave up waiting');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
