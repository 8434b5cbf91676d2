import type { World } from '@millrace/world';
import { decodeLine, encodeLine, LineFile } from '../checked-lines.ts';
import type { Machine, Registry } from '../registry.ts';
import { LogUnavailableError } from '../shard-log-types.ts';

/*
 * registry/NNNNNNNNNN.snapshot is the state before the commands of registry/NNNNNNNNNN.commands.
 *
 *   snapshot = line            the newest complete one counts; a new one is written under another name, synced, renamed
 *   commands = line*                                     lines are those of checked-lines.ts
 *   snapshot's json = { "machine": name, "version": n, "format": 1, "state": … };  a command's json is the command, or a list of them
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
  return new EmbeddedRegistry(options, state, { number, file: await openCommands(options, number, length) });
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
  #file: LineFile;
  #waiting: Waiting<Command, Outcome>[] = [];
  #running = false;
  #idle: (() => void)[] = [];
  #failure: LogUnavailableError | undefined;
  readonly #listeners = new Set<(command: Command) => void>();

  constructor(
    options: RegistryOptions<State, Command, Outcome>,
    state: State,
    at: { readonly number: number; readonly file: LineFile },
  ) {
    this.#options = options;
    this.state = state;
    this.#number = at.number;
    this.#file = at.file;
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
    return this.#failure ?? this.#file.failure();
  }

  async stop(): Promise<void> {
    while (this.#running) await new Promise<void>((resolve) => void this.#idle.push(resolve));
    await this.#file.close();
  }

  async #run(): Promise<void> {
    // What comes in the same turn shares the sync.
    await new Promise<void>((resolve) => this.#options.world.clock.defer(resolve));
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0);
      try {
        if (this.#failure !== undefined) throw this.#failure;
        await this.#file.append([encodeBatch(batch.map(({ command }) => command))]);
      } catch (error) {
        for (const { reject } of batch) reject(error as Error);
        continue;
      }
      for (const waiting of batch) this.#apply(waiting);
      if (this.#file.length > snapshotEveryBytes) await this.#snapshot().catch(() => undefined);
    }
    this.#running = false;
    for (const resolve of this.#idle.splice(0)) resolve();
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

  /**
   * The snapshot gets its name only when it is whole and synced, and when the file for the commands after it is there: from
   * that name on recovery looks nowhere else. The old pair goes after that.
   */
  async #snapshot(): Promise<void> {
    const { world, directory, machine } = this.#options;
    const { disk } = world;
    const next = this.#number + 1;
    const path = `${directory}/${fileName(next)}.snapshot`;
    const head = { machine: machine.name, version: machine.version, format };
    const draft = await disk.open(`${path}.draft`, 'write');
    try {
      await draft.truncate(0);
      await draft.write([encodeLine({ ...head, state: machine.snapshot(this.state) })], 0);
      await draft.datasync();
    } finally {
      await draft.close();
    }
    const file = await openCommands(this.#options, next, 0);
    try {
      await disk.rename(`${path}.draft`, path);
      await disk.syncDirectory(directory);
    } catch (error) {
      await file.close();
      // Whether the name is there is unknown: commands in either file might be lost.
      this.#failure = new LogUnavailableError('a snapshot of the registry could not be named', false, { cause: error });
      throw this.#failure;
    }
    const old = this.#number;
    const oldFile = this.#file;
    this.#number = next;
    this.#file = file;
    await oldFile.close();
    await disk.remove(`${directory}/${fileName(old)}.commands`);
    await disk.remove(`${directory}/${fileName(old)}.snapshot`);
  }
}

/** Opens a commands file for writing behind its last whole line. */
function openCommands(
  { world, directory }: { world: World; directory: string },
  number: number,
  length: number,
): Promise<LineFile> {
  return LineFile.open(world, `${directory}/${fileName(number)}.commands`, { length, what: 'registry' });
}

function fileName(number: number): string {
  return String(number).padStart(10, '0');
}

/**
 * What is synced together is one line: of several, a power cut may leave the last and not the first, and then nobody could tell
 * them from commands that were acknowledged and damaged since. A command alone stands for itself.
 */
function encodeBatch(commands: readonly unknown[]): Buffer {
  return encodeLine(commands.length === 1 ? commands[0] : commands);
}

function readCommands<Command>(text: string, path: string): { commands: Command[]; length: number } {
  const commands: Command[] = [];
  let at = 0;
  let length = 0;
  while (at < text.length) {
    const end = text.indexOf('\n', at);
    const line = end === -1 ? undefined : decodeLine(text.slice(at, end));
    if (line === undefined) {
      if (
        text
          .slice(at)
          .split('\n')
          .slice(1)
          .some((other) => decodeLine(other) !== undefined)
      ) {
        throw new Error(
          `${path}: damaged at character ${at} with whole commands behind it; restore the file from a backup`,
        );
      }
      break;
    }
    for (const command of Array.isArray(line) ? (line as Command[]) : [line as Command]) commands.push(command);
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
