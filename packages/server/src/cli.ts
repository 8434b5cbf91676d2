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
  if (command === '--help' || command === 'help' || rest.includes('--help') || rest.includes('-h')) {
    process.stdout.write(helpText());
    return 0;
  }
  if (command !== 'serve') {
    process.stderr.write(command === undefined ? helpText() : `millrace: unknown command ${command}\n\n${helpText()}`);
    return 2;
  }
  try {
    return await serve(readConfiguration(rest, process.env));
  } catch (error) {
    const expected = error instanceof ConfigurationError;
    process.stderr.write(`millrace: ${expected ? error.message : ((error as Error).stack ?? String(error))}\n`);
    return expected ? 2 : 1;
  }
}

process.exitCode = await main(process.argv.slice(2));
