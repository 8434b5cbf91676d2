import { parseArgs } from 'node:util';
import { UsageError } from './command.ts';
import type { Command, Flags, Io } from './command.ts';
import { consumers } from './commands/consumers.ts';
import { put } from './commands/put.ts';
import { reshard } from './commands/reshard.ts';
import { shards } from './commands/shards.ts';
import { streams } from './commands/streams.ts';
import { tail } from './commands/tail.ts';
import { connect, connectionFlags } from './connection.ts';

export type { Io } from './command.ts';

const commands: Readonly<Record<string, Command>> = { streams, shards, put, tail, reshard, consumers };

/** The commands for people, a line each. */
export function commandLines(): string {
  return Object.values(commands)
    .map(({ usage, help }) => `       millrace ${usage.padEnd(22)}${help}\n`)
    .join('');
}

export function isCommand(name: string): boolean {
  return Object.hasOwn(commands, name);
}

/** Runs a command; answers its exit code: 0 done, 1 refused or failed, 2 the command line is wrong. */
export async function runCommand(
  name: string,
  args: readonly string[],
  { io, env }: { io: Io; env: Readonly<Record<string, string | undefined>> },
): Promise<number> {
  const command = commands[name]!;
  const flags = { ...connectionFlags, ...command.flags };
  try {
    const { values, positionals } = parse(args, flags);
    if (values['help'] === true) {
      io.stdout.write(helpOf(command, flags));
      return 0;
    }
    const [least, most] = command.takes;
    if (positionals.length < least || positionals.length > most)
      throw new UsageError(`usage: millrace ${command.usage}`);
    const client = connect(values, env);
    try {
      return await command.run({ client, positionals, values, isJson: values['json'] === true, io });
    } finally {
      client.destroy();
    }
  } catch (error) {
    const { name: code, message } = error as Error;
    io.stderr.write(`millrace: ${error instanceof UsageError ? message : `${code}: ${message}`}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

function parse(
  args: readonly string[],
  flags: Flags,
): { values: Record<string, string | boolean | undefined>; positionals: string[] } {
  try {
    const options = Object.fromEntries(Object.entries(flags).map(([flag, { type }]) => [flag, { type }]));
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function helpOf({ usage, help }: Command, flags: Flags): string {
  const rows = Object.entries(flags).map(
    ([flag, { placeholder, help: text }]) =>
      `  --${`${flag}${placeholder === undefined ? '' : ` ${placeholder}`}`.padEnd(30)} ${text}\n`,
  );
  return `usage: millrace ${usage} [FLAGS]\n\n${help}\n\n${rows.join('')}`;
}
