/**
 * A mapping while everything around it changes: its settings, its function's code, its shards; while the function's processes and
 * the server are killed. Every record is processed, those of a partition key in order, and a window's sum counts each once.
 */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { recordedAccount } from '../../packages/functions/test/recorded.ts';
import { zipOf } from '../../packages/functions/test/support.ts';
import { until } from '../../tools/demo/until.ts';
import { startServer } from '../../tools/server-process.ts';
import type { ServerProcess } from '../../tools/server-process.ts';
import { untilActive } from './caller.ts';
import { MappingsStage } from './mappings-stage.ts';

const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
const longAnswer = { timeout: 150_000 };

/** A server on one directory that can be killed and started again. */
class Lives {
  readonly folder: string;
  server!: ServerProcess;
  stage!: MappingsStage;

  constructor(folder: string) {
    this.folder = folder;
  }

  async start(): Promise<void> {
    const own = ['--account', recordedAccount, '--data', join(this.folder, 'data')];
    this.server = await startServer(['--transition-ms', '20', '--limits', 'none', '--function-processes', '6', ...own]);
    this.stage = new MappingsStage(this.server.endpoint, this.folder);
  }

  async kill(): Promise<void> {
    await this.server.stop('SIGKILL');
    await this.start();
  }
}

/** Puts one record after the other, key by key, until it is told to stop; `next` counts those that were acknowledged. */
async function produce(lives: Lives, stream: string, next: Map<string, number>, isOver: () => boolean): Promise<void> {
  while (!isOver())
    for (const key of keys) {
      const number = next.get(key) ?? 0;
      try {
        await lives.stage.put(stream, [key, `${key} ${number}`]);
        next.set(key, number + 1);
      } catch {
        // The server is killed: it may have the record all the same, and gets it again.
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
}

const writes = `
const fs = require('node:fs');
exports.handler = async (event) => {
  await new Promise((done) => setTimeout(done, 5));
  const texts = event.Records.map((one) => atob(one.kinesis.data));
  fs.appendFileSync(process.env.EVENTS, texts.map((text) => text + ' VERSION ' + process.pid + '\\n').join(''));
  if (event.window) return { state: { count: (event.state.count || 0) + texts.length } };
};`;

function zip(version: number): string {
  return zipOf({ 'index.js': writes.replace('VERSION', String(version)) }).toString('base64');
}

const functionSettings = (file: string): object => ({
  ...{ FunctionName: 'f', Runtime: 'nodejs24.x', Handler: 'index.handler', Timeout: 10 },
  Role: `arn:aws:iam::${recordedAccount}:role/r`,
  Environment: { Variables: { EVENTS: file } },
});

test('a mapping goes on through every change and every kill', longAnswer, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-mappings-changes-'));
  const file = join(folder, 'written');
  const lives = new Lives(folder);
  await lives.start();
  const written = async (): Promise<string[][]> =>
    (await readFile(file, 'utf8').catch(() => ''))
      .split('\n')
      .slice(0, -1)
      .map((line) => line.split(' '));
  const next = new Map<string, number>();
  let isOver = false;
  try {
    const EventSourceArn = await lives.stage.stream('s');
    await lives.stage.lambda('POST', 'functions', { ...functionSettings(file), Code: { ZipFile: zip(0) } });
    const settings = { FunctionName: 'f', EventSourceArn, StartingPosition: 'TRIM_HORIZON', BatchSize: 5 };
    const { UUID: uuid } = await lives.stage.create({ ...settings, ParallelizationFactor: 3 });
    const change = async (method: string, path: string, body: object | undefined, status: number): Promise<void> => {
      // What is pending is refused for a moment.
      await until(async () => (await lives.stage.lambda(method, path, body)).status === status);
    };
    const mapping = `event-source-mappings/${String(uuid)}`;
    const more = async (): Promise<void> => {
      const { length } = await written();
      await until(async () => (await written()).length > length + 30);
    };
    const producing = produce(lives, 's', next, () => isOver);
    await more();
    await change('PUT', 'functions/f/code', { ZipFile: zip(1) }, 200);
    await until(async () => (await written()).at(-1)?.[2] === '1');
    process.kill(Number((await written()).at(-1)![3]), 'SIGKILL');
    await more();
    await change('PUT', mapping, { ParallelizationFactor: 8, BatchSize: 2 }, 202);
    await more();
    await lives.stage.kinesis('SplitShard', {
      ...{ StreamName: 's', ShardToSplit: 'shardId-000000000000' },
      NewStartingHashKey: String(2n ** 127n),
    });
    await untilActive(lives.stage.kinesis, 's');
    await more();
    await lives.kill();
    await more();
    await change('PUT', mapping, { Enabled: false }, 202);
    await lives.stage.untilState(uuid, 'Disabled');
    const { length } = await written();
    await change('PUT', mapping, { Enabled: true, ParallelizationFactor: 1 }, 202);
    await until(async () => (await written()).length > length);
    await change('DELETE', 'functions/f', undefined, 204);
    await until(async () => (await lives.stage.get(uuid))['LastProcessingResult'] === 'PROBLEM: Function call failed');
    await change('POST', 'functions', { ...functionSettings(file), Code: { ZipFile: zip(2) } }, 201);
    await until(async () => (await written()).at(-1)?.[2] === '2');
    await lives.kill();
    await more();
    isOver = true;
    await producing;
    await until(async () => {
      const seen = new Set((await written()).map(([key, number]) => `${key} ${number}`));
      return keys.every((key) =>
        Array.from({ length: next.get(key)! }, (_, n) => `${key} ${n}`).every((one) => seen.has(one)),
      );
    });
    for (const key of keys) {
      const first = [...new Set((await written()).filter(([own]) => own === key).map(([, number]) => Number(number)))];
      assert.deepEqual(
        first,
        first.toSorted((one, other) => one - other),
        `the order of ${key}`,
      );
    }
    assert.equal((await lives.stage.lambda('DELETE', mapping)).status, 202);
    assert.equal(await lives.server.stop(), 0);
  } finally {
    isOver = true;
    await lives.server.stop('SIGKILL');
    await rm(folder, { recursive: true });
  }
});

test('a tumbling window counts each record once, though the server is killed in it', longAnswer, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-windows-'));
  const lives = new Lives(folder);
  await lives.start();
  try {
    const EventSourceArn = await lives.stage.stream('s');
    const file = join(folder, 'events');
    const code = zipOf({
      'index.js': `exports.handler = async (event) => {
        require('node:fs').appendFileSync(process.env.EVENTS, JSON.stringify(event) + '\\n');
        return { state: { count: (event.state.count || 0) + event.Records.length } };
      };`,
    });
    await lives.stage.lambda('POST', 'functions', {
      ...functionSettings(file),
      Code: { ZipFile: code.toString('base64') },
    });
    const settings = { FunctionName: 'f', EventSourceArn, StartingPosition: 'TRIM_HORIZON', BatchSize: 3 };
    await lives.stage.create({ ...settings, TumblingWindowInSeconds: 6 });
    interface Event {
      readonly window: { readonly start: string };
      readonly state: { readonly count?: number };
      readonly isFinalInvokeForWindow: boolean;
    }
    const events = async (): Promise<Event[]> =>
      (await readFile(file, 'utf8').catch(() => ''))
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Event);
    let sent = 0;
    for (let round = 0; round < 3; round += 1) {
      const { length } = await events();
      for (let n = 0; n < 30; n += 1, sent += 1) await lives.stage.put('s', ['k', `${sent}`]);
      await until(async () => (await events()).length > length + 3);
      await lives.kill();
    }
    // A last call that is repeated counts once.
    const total = async (): Promise<number> => {
      const ends = (await events()).filter((event) => event.isFinalInvokeForWindow);
      const counts = new Map(ends.map(({ window, state }) => [window.start, state.count ?? 0]));
      return [...counts.values()].reduce((sum, count) => sum + count, 0);
    };
    await until(async () => (await total()) >= sent);
    assert.equal(await total(), sent);
    assert.equal(await lives.server.stop(), 0);
  } finally {
    await lives.server.stop('SIGKILL');
    await rm(folder, { recursive: true });
  }
});
