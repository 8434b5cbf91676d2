import { crc32 } from 'node:zlib';
import type { File, World } from '@millrace/world';
import type { Machine, Registry } from '../registry.ts';
import { LogUnavailableError } from '../shard-log-types.ts';

/*
 * registry/NNNNNNNNNN.snapshot is the state before the commands of registry/NNNNNNNNNN.commands.
 *
 *   snapshot = line            the newest complete one counts; a new one is written under another name, synced, renamed
 *   commands = line*
 *   line     = crc (8 hex digits) SPACE json LF          crc is CRC-32 of the JSON's bytes
 *   snapshot's json = { "machine": name, "version": n, "format": 1, "state": … };  a command's json is the command
 *
 * A last line that is incomplete was never acknowledged: it is cut. A damaged line before the end is refused: a command
 * that is left out would make every later one mean something else.
 */
const format = 1;
const snapshotEveryBytes = 8 << 20;

export interface RegistryOptions<State, Command, Outcome> {
  readonly world: World;
  readonly directory: string;
  readonly machine: Machine<State, Command, Outcome>;
}

/** Opens or creates the registry of one directory, which the caller has locked for this process. */
export async function openRegistry<State, Command, Outcome>(
  options: RegistryOptions<State, Command, Outcome>,
): Promise<Registry<State, Command, Outcome>> {
  const { world, directory, machine } = options;
  await world.disk.makeDirectory(directory);
  const names = await world.disk.list(directory);
  const newest = names.findLast((name) => /^\d{10}\.snapshot$/.test(name));
  const number = newest === undefined ? 0 : Number(newest.slice(0, 10));
  const state =
    newest === undefined
      ? machine.initial()
      : readSnapshot(machine, await readText(world, `${directory}/${newest}`), `${directory}/${newest}`);
  const path = `${directory}/${fileName(number)}.commands`;
  const { commands, length } = (await world.disk.exists(path))
    ? readCommands<Command>(await readText(world, path), path)
    : { commands: [], length: 0 };
  for (const command of commands) machine.apply(state, command);
  const registry = new EmbeddedRegistry(options, state, number);
  await registry.begin(length);
  return registry;
}

interface Waiting<Command, Outcome> {
  readonly command: Command;
  resolve(outcome: Outcome): void;
  reject(error: Error): void;
}

class EmbeddedRegistry<State, Command, Outcome> implements Registry<State, Command, Outcome> {
  readonly state: State;
  readonly #options: RegistryOptions<State, Command, Outcome>;
  #number: number;
  #file!: File;
  #length = 0;
  #waiting: Waiting<Command, Outcome>[] = [];
  #running = false;
  #failure: LogUnavailableError | undefined;
  readonly #listeners = new Set<(command: Command) => void>();

  constructor(options: RegistryOptions<State, Command, Outcome>, state: State, number: number) {
    this.#options = options;
    this.state = state;
    this.#number = number;
  }

  /** Opens the commands file for writing behind its last whole line. */
  async begin(length: number): Promise<void> {
    const { world, directory } = this.#options;
    this.#file = await world.disk.open(`${directory}/${fileName(this.#number)}.commands`, 'write');
    await this.#file.truncate(length);
    await this.#file.datasync();
    await world.disk.syncDirectory(directory);
    this.#length = length;
  }

  execute(command: Command): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ command, resolve, reject });
      if (this.#running) return;
      this.#running = true;
      void this.#run();
    });
  }

  onApplied(listener: (command: Command) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  failure(): Error | undefined {
    return this.#failure;
  }

  async stop(): Promise<void> {
    while (this.#running) await this.#nextTurn();
    await this.#file.close();
  }

  async #run(): Promise<void> {
    // What comes in the same turn shares the sync.
    await this.#nextTurn();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0);
      try {
        await this.#write(batch.map(({ command }) => encodeLine(command)));
      } catch (error) {
        for (const { reject } of batch) reject(error as Error);
        continue;
      }
      for (const waiting of batch) this.#apply(waiting);
      if (this.#length > snapshotEveryBytes) await this.#snapshot().catch(() => undefined);
    }
    this.#running = false;
  }

  #nextTurn(): Promise<void> {
    return new Promise((resolve) => this.#options.world.clock.defer(resolve));
  }

  #apply({ command, resolve, reject }: Waiting<Command, Outcome>): void {
    try {
      const outcome = this.#options.machine.apply(this.state, command);
      for (const listener of this.#listeners) listener(command);
      resolve(outcome);
    } catch (error) {
      // A machine must not throw: it would at every start from now on. Say so where the caller logs it.
      reject(error as Error);
    }
  }

  async #write(lines: readonly Buffer[]): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      await this.#file.write(lines, this.#length);
    } catch (error) {
      const full = ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '');
      const failure = new LogUnavailableError(full ? 'the disk is full' : 'a write to the registry failed', full, {
        cause: error,
      });
      if (!full) this.#failure = failure;
      throw failure;
    }
    try {
      await this.#file.datasync();
    } catch (error) {
      this.#failure = new LogUnavailableError('a sync of the registry failed', false, { cause: error });
      throw this.#failure;
    }
    this.#length += lines.reduce((sum, line) => sum + line.length, 0);
  }

  /** The snapshot gets its name only when it is whole and synced; the old pair goes after that. */
  async #snapshot(): Promise<void> {
    const { world, directory, machine } = this.#options;
    const next = this.#number + 1;
    const path = `${directory}/${fileName(next)}.snapshot`;
    const line = encodeLine({
      machine: machine.name,
      version: machine.version,
      format,
      state: machine.snapshot(this.state),
    });
    const draft = await world.disk.open(`${path}.draft`, 'write');
    await draft.truncate(0);
    await draft.write([line], 0);
    await draft.datasync();
    await draft.close();
    await world.disk.rename(`${path}.draft`, path);
    await world.disk.syncDirectory(directory);
    const old = this.#number;
    const oldFile = this.#file;
    this.#number = next;
    await this.begin(0);
    await oldFile.close();
    await world.disk.remove(`${directory}/${fileName(old)}.commands`);
    await world.disk.remove(`${directory}/${fileName(old)}.snapshot`);
  }
}

function fileName(number: number): string {
  return String(number).padStart(10, '0');
}

function encodeLine(value: unknown): Buffer {
  const json = Buffer.from(JSON.stringify(value));
  return Buffer.concat([Buffer.from(`${crc32(json).toString(16).padStart(8, '0')} `), json, Buffer.from('\n')]);
}

function decodeLine(line: string): unknown {
  const json = line.slice(9);
  if (crc32(json).toString(16).padStart(8, '0') !== line.slice(0, 8)) return undefined;
  return JSON.parse(json);
}

function readCommands<Command>(text: string, path: string): { commands: Command[]; length: number } {
  const commands: Command[] = [];
  let at = 0;
  let length = 0;
  while (at < text.length) {
    const end = text.indexOf('\n', at);
    const command = end === -1 ? undefined : decodeLine(text.slice(at, end));
    if (command === undefined) {
      if (
        text
          .slice(at)
          .split('\n')
          .slice(1)
          .some((line) => decodeLine(line) !== undefined)
      ) {
        throw new Error(
          `${path}: damaged at character ${at} with whole commands behind it; restore the file from a backup`,
        );
      }
      break;
    }
    commands.push(command as Command);
    length += Buffer.byteLength(text.slice(at, end + 1));
    at = end + 1;
  }
  return { commands, length };
}

function readSnapshot<State, Command, Outcome>(
  machine: Machine<State, Command, Outcome>,
  text: string,
  path: string,
): State {
  const snapshot = decodeLine(text.trimEnd()) as
    | { machine: string; version: number; format: number; state: unknown }
    | undefined;
  if (snapshot === undefined || snapshot.machine !== machine.name)
    throw new Error(`${path}: damaged; restore it from a backup`);
  if (snapshot.format > format || snapshot.version > machine.version)
    throw new Error(`${path} was written by a newer version of Millrace`);
  return machine.restore(snapshot.state);
}

async function readText(world: World, path: string): Promise<string> {
  const file = await world.disk.open(path, 'read');
  try {
    const bytes = Buffer.allocUnsafe(await file.size());
    let at = 0;
    while (at < bytes.length) {
      const count = await file.read(bytes, at, bytes.length - at, at);
      if (count === 0) break;
      at += count;
    }
    return bytes.toString('utf8', 0, at);
  } finally {
    await file.close();
  }
}
