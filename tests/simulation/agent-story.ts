/**
 * An agent tails a log that is written to and rotated in all ways: by renaming, by copying and truncating, by removing and making
 * it anew, by going on in a file of another name. The agent is killed at any moment and starts again; requests fail, whole or in
 * part, are answered late, or are carried out and not answered; checkpoints cannot be written. Whatever happens: every line
 * arrives, whole, and first arrivals of a content's lines are in order where no request failed in part.
 */
import assert from 'node:assert/strict';
import { Agent, readConfiguration } from '@millrace/agent';
import type { Checkpoint, CheckpointStore, Put } from '@millrace/agent';
import { simulatedWorld } from '@millrace/world';
import type { File, SimulatedWorld } from '@millrace/world';
import { mortalWorld } from './mortal-world.ts';
import type { MortalWorld } from './mortal-world.ts';
import { settle } from './settle.ts';

const directory = '/logs';
const path = `${directory}/app.log`;

interface Story {
  readonly world: SimulatedWorld;
  readonly written: string[];
  readonly arrived: Set<string>;
  readonly order: string[];
  readonly checkpoints: Map<string, Checkpoint>;
  readonly failsInPart: boolean;
  readonly isFromEnd: boolean;
  hasBegun: boolean;
  /** Something was saved. */
  isKnown: boolean;
  content: number;
  isOver: boolean;
  last: string | undefined;
}

export async function story(seed: number): Promise<void> {
  const world = simulatedWorld(seed);
  await settle(world, world.disk.makeDirectory(directory));
  const it: Story = {
    world,
    written: [],
    arrived: new Set(),
    order: [],
    checkpoints: new Map(),
    failsInPart: world.draw(2) === 0,
    isFromEnd: world.draw(2) === 0,
    hasBegun: false,
    isKnown: false,
    content: 0,
    isOver: false,
    last: undefined,
  };
  const writing = write(it);
  const living = live(it);
  let isDone = false;
  void Promise.all([writing, living]).then(() => (isDone = true));
  await world.run({ forMs: 900_000, stop: () => isDone });
  const missing = it.written.filter((line) => !it.arrived.has(line));
  assert.deepEqual(
    missing.slice(0, 3),
    [],
    `${missing.length} of ${it.written.length} lines; the last trouble was ${it.last}`,
  );
  for (const line of it.arrived)
    assert.ok(
      it.written.includes(line) || line.startsWith('a line of before .'),
      `a line that nobody wrote: ${JSON.stringify(line)}`,
    );
  if (!it.failsInPart) checkOrder(it);
}

function checkOrder({ order }: Story): void {
  const last = new Map<string, number>();
  for (const line of order) {
    if (line.startsWith('a line of before .')) continue;
    const [content = '', number] = line.split(' ');
    assert.ok(Number(number) > (last.get(content) ?? -1), `${content}: ${number} came behind ${last.get(content)}`);
    last.set(content, Number(number));
  }
}

/** Starts agents and kills them; the last one lives until all has arrived. */
async function live(it: Story): Promise<void> {
  const { world } = it;
  while (!it.isOver) {
    const mortal = mortalWorld(world);
    const agent = startAgent(it, mortal);
    await pause(world, world.draw(8000));
    if (mortal.isDead) continue;
    if (world.draw(4) === 0) {
      // It may end well too: then nothing is left over.
      await agent.stop();
      mortal.kill();
    } else mortal.kill();
    await pause(world, world.draw(3000));
  }
  for (;;) {
    const mortal = mortalWorld(world);
    const agent = startAgent(it, mortal);
    await until(world, () => mortal.isDead || it.written.every((line) => it.arrived.has(line)));
    if (!mortal.isDead) return agent.stop();
  }
}

function startAgent(it: Story, mortal: MortalWorld): Agent {
  const flow = {
    filePattern: `${path}*`,
    kinesisStream: 's',
    initialPosition: it.isFromEnd ? 'END_OF_FILE' : 'START_OF_FILE',
    maxBufferAgeMillis: 1000,
    maxBufferSizeRecords: 20,
    publishQueueCapacity: 3,
    maxTimeBetweenFileTrackerRefreshMillis: 2000,
  };
  const note = (message: string, error: unknown): void =>
    void (it.last = `${message}: ${error instanceof Error ? error.stack : JSON.stringify(error)}`);
  const agent = new Agent(readConfiguration(JSON.stringify({ flows: [flow] })), {
    world: mortal,
    store: storeOf(it, mortal),
    logger: { info: () => undefined, warn: note, error: note },
    askInstance: () => Promise.resolve(undefined),
    putTo: () => putOf(it, mortal),
  });
  // One that cannot begin ends; what starts it does so again, soon.
  agent.start().then(
    () => (it.hasBegun = true),
    (error: unknown) => {
      note('start', error);
      mortal.kill();
    },
  );
  return agent;
}

function putOf(it: Story, mortal: MortalWorld): Put {
  const { world } = it;
  return async (records) => {
    await mortal.alive(pause(world, world.draw(200)));
    const lot = world.draw(20);
    if (lot === 0) throw new Error('refused');
    const failed: number[] = [];
    for (const [at, { data }] of records.entries()) {
      if (it.failsInPart && world.draw(10) === 0) failed.push(at);
      else arrive(it, data.toString());
    }
    await mortal.alive(pause(world, world.draw(200)));
    if (lot === 1) throw new Error('carried out, and not answered');
    return { failed, reason: 'so drawn' };
  };
}

function arrive(it: Story, line: string): void {
  if (!it.arrived.has(line)) it.order.push(line);
  it.arrived.add(line);
}

/** All or nothing, also when the agent dies meanwhile. */
function storeOf(it: Story, mortal: MortalWorld): CheckpointStore {
  const { world, checkpoints } = it;
  return {
    load: async () => {
      await mortal.alive(pause(world, 1));
      return it.isKnown ? [...checkpoints.values()] : undefined;
    },
    save: async (_flow, put, removedPaths) => {
      await mortal.alive(pause(world, world.draw(20)));
      if (world.draw(20) === 0) throw new Error('the checkpoints cannot be written');
      it.isKnown = true;
      for (const removed of removedPaths) checkpoints.delete(removed);
      for (const checkpoint of put) checkpoints.set(checkpoint.path, checkpoint);
      await mortal.alive(pause(world, world.draw(20)));
    },
  };
}

async function write(it: Story): Promise<void> {
  const { world } = it;
  let name = path;
  let file = await world.disk.open(name, 'create');
  if (it.isFromEnd) {
    await file.write([Buffer.from(`a line of before ${'.'.repeat(500)}\n`)], 0);
    await until(world, () => it.hasBegun);
  }
  for (let round = 0; round < 12; round += 1) {
    const content = `content${(it.content += 1)}`;
    const count = world.draw(120);
    const isHurried = world.draw(2) === 0;
    const lines = Array.from({ length: count }, (_, line) => `${content} ${line} ${'ü'.repeat(world.draw(60))}\n`);
    // All at once: a file that was truncated may be longer than it was before anybody looks.
    if (isHurried) await append(it, file, lines);
    else
      for (const line of lines) {
        await append(it, file, [line]);
        if (world.draw(5) === 0) await pause(world, world.draw(400));
      }
    const turn = world.draw(5);
    const old = `${path}.${round}`;
    if (turn === 0) {
      await world.disk.rename(name, old);
      await pause(world, world.draw(50));
    } else if (turn === 1) {
      await copy(it, file, old);
      await file.truncate(0);
      continue;
    } else if (turn === 2) {
      // What stands nowhere else can only be sent before it goes.
      await until(world, () => it.written.every((line) => it.arrived.has(line)));
      await world.disk.remove(name);
      await pause(world, world.draw(3000));
    } else if (turn === 3) {
      await until(world, () => it.written.every((line) => it.arrived.has(line)));
      await file.truncate(0);
      continue;
    } else name = `${path}-${round}`;
    file = await world.disk.open(name, 'create');
  }
  it.isOver = true;
}

/** Sometimes in two pieces: a line, and a character, may be there in part for a while. */
async function append(it: Story, file: File, lines: readonly string[]): Promise<void> {
  const bytes = Buffer.from(lines.join(''));
  const cut = it.world.draw(6) === 0 ? it.world.draw(bytes.length) : bytes.length;
  const end = await file.size();
  await file.write([bytes.subarray(0, cut)], end);
  if (cut < bytes.length) {
    await pause(it.world, it.world.draw(300));
    await file.write([bytes.subarray(cut)], end + cut);
  }
  it.written.push(...lines);
}

/** As cp does it, piece by piece. */
async function copy({ world }: Story, file: File, to: string): Promise<void> {
  const copied = await world.disk.open(to, 'create');
  const size = await file.size();
  for (let at = 0; at < size; at += 2000) {
    const bytes = Buffer.alloc(Math.min(2000, size - at));
    let filled = 0;
    while (filled < bytes.length) filled += await file.read(bytes, filled, bytes.length - filled, at + filled);
    await copied.write([bytes], at);
    await pause(world, world.draw(40));
  }
  await copied.close();
}

function pause({ clock }: Pick<SimulatedWorld, 'clock'>, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.setTimer(ms, resolve));
}

async function until(world: SimulatedWorld, isSo: () => boolean): Promise<void> {
  while (!isSo()) await pause(world, 50);
}
