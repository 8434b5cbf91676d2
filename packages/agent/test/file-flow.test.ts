/** Files that lose their names, and checkpoints on a full disk, in simulated time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { simulatedWorld } from '@millrace/world';
import type { File, SimulatedWorld } from '@millrace/world';
import { Agent } from '../src/agent.ts';
import { readConfiguration } from '../src/configuration/configuration.ts';

interface Scene {
  readonly world: SimulatedWorld;
  readonly file: File;
  readonly records: string[];
  /** Offsets of checkpoints that were written. */
  readonly saved: number[];
  disk: 'works' | 'is full';
  append(line: string): Promise<void>;
  pass(ms: number): Promise<void>;
}

/** An agent that has read the only line of /logs/app.log-1. */
async function begin(): Promise<Scene> {
  const world = simulatedWorld(1);
  const records: string[] = [];
  const saved: number[] = [];
  const flow = {
    filePattern: '/logs/app.log*',
    kinesisStream: 's',
    initialPosition: 'START_OF_FILE',
    maxBufferSizeRecords: 1,
  };
  const silent = (): void => undefined;
  const agent = new Agent(readConfiguration(JSON.stringify({ flows: [flow] })), {
    world,
    store: {
      load: () => Promise.resolve(undefined),
      save: (_flow, put) => {
        if (scene.disk === 'is full') return Promise.reject(new Error('ENOSPC'));
        saved.push(...put.map(({ offset }) => offset));
        return Promise.resolve();
      },
    },
    logger: { info: silent, warn: silent, error: silent },
    askInstance: () => Promise.resolve(undefined),
    putTo: () => (batch) => {
      records.push(...batch.map(({ data }) => data.toString()));
      return Promise.resolve({ failed: [], reason: undefined });
    },
  });
  const pass = (ms: number): Promise<void> => world.run({ forMs: ms });
  const made = Promise.all([world.disk.makeDirectory('/logs'), world.disk.makeDirectory('/done')]).then(() =>
    world.disk.open('/logs/app.log-1', 'create'),
  );
  await pass(100);
  const file = await made;
  const append = async (line: string): Promise<void> => {
    await file.write([Buffer.from(line)], await file.size());
  };
  const scene: Scene = { world, file, records, saved, disk: 'works', append, pass };
  void append('one\n').then(() => agent.start());
  await pass(5000);
  assert.deepEqual(records, ['one\n']);
  return scene;
}

test('the last line of a file that was quiet for long and is moved away at once', async () => {
  // Such a file is looked at once a second: at any moment of it.
  for (let phaseMs = 0; phaseMs < 1000; phaseMs += 110) {
    const { world, records, append, pass } = await begin();
    await pass(60_000 + phaseMs);
    void append('two\n').then(() => world.disk.rename('/logs/app.log-1', '/done/app.log-1'));
    await pass(60_000);
    assert.deepEqual(records, ['one\n', 'two\n'], `${phaseMs} ms later`);
  }
});

test('a line that comes after the file was moved away, from who wrote it before', async () => {
  const { world, records, append, pass } = await begin();
  await pass(60_000);
  void world.disk.rename('/logs/app.log-1', '/done/app.log-1');
  await pass(9000);
  void append('two\n');
  await pass(9950);
  void append('three\n');
  await pass(60_000);
  assert.deepEqual(records, ['one\n', 'two\n', 'three\n']);
});

test('a checkpoint that could not be written is written later, without another record', async () => {
  const scene = await begin();
  scene.disk = 'is full';
  void scene.append('two\n');
  await scene.pass(5000);
  assert.deepEqual(scene.records, ['one\n', 'two\n']);
  assert.equal(scene.saved.at(-1), 4);
  scene.disk = 'works';
  await scene.pass(5000);
  assert.equal(scene.saved.at(-1), 8);
});
