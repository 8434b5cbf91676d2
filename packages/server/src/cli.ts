#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { ConfigurationError, readConfiguration } from './configuration.ts';
import { helpText } from './help.ts';
import { serve } from './serve.ts';

/** Exit codes: 0 done, 1 the server could not start or failed, 2 the command line or configuration is wrong. */
async function main(args: readonly string[]): Promise<number> {
  const [command, ...rest] = args;
  if (command === '--version' || command === 'version') {
    const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    console.log(version);
    return 0;
  }
  if (command === 'agent') return (await import('@millrace/agent')).runAgent(rest, process.env);
  if (command !== 'serve' || rest.includes('--help') || rest.includes('-h')) return runForPeople(command, rest);
  try {
    return await serve(readConfiguration(rest, process.env));
  } catch (error) {
    const expected = error instanceof ConfigurationError;
    process.stderr.write(`millrace: ${expected ? error.message : ((error as Error).stack ?? String(error))}\n`);
    return expected ? 2 : 1;
  }
}

/**
 * Commands that talk to a server, ours or AWS's, and the help. What they need is loaded only here: a server starts without it in
 * a quarter of the time. An interrupt ends them well.
 */
async function runForPeople(command: string | undefined, args: readonly string[]): Promise<number> {
  const { commandLines, isCommand, runCommand } = await import('@millrace/cli');
  if (command === '--help' || command === 'help' || command === 'serve') {
    process.stdout.write(helpText(commandLines()));
    return 0;
  }
  if (command === undefined || !isCommand(command)) {
    const complaint = command === undefined ? '' : `millrace: unknown command ${command}\n\n`;
    process.stderr.write(complaint + helpText(commandLines()));
    return 2;
  }
  const interrupt = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupt.abort());
  const { stdin, stdout, stderr, env } = process;
  // Whoever reads has had enough (`| head`).
  stdout.on('error', () => interrupt.abort());
  return runCommand(command, args, { io: { stdin, stdout, stderr, interrupted: interrupt.signal }, env });
}

process.exitCode = await main(process.argv.slice(2));
