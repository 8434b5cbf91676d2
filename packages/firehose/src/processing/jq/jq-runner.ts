import { loadJq } from 'jq-wasm';
import type { QueryAnswer } from '../metadata-extraction.ts';
import { inputOf, programOf } from './program.ts';

/** Answers in a line each; inputs as they are. */
const flags = ['-c', '-R'];

/** jq in this thread: it is held until jq is done. */
export interface JqRunner {
  /** Why the query cannot be run; undefined where it can. */
  check(query: string): string | undefined;
  /** An answer for each text. Throws where jq itself broke down: it cannot be used again. */
  run(query: string, texts: readonly string[]): QueryAnswer[];
}

/** Loads jq, which takes tens of milliseconds. */
export async function openJq(): Promise<JqRunner> {
  const jq = await loadJq();
  const failure = (program: string): string | undefined => {
    const { exitCode, stderr } = jq.raw('', program, flags);
    return exitCode === 0 ? undefined : stderr.replace(/^jq: (error: )?/, '').split('\n', 1)[0];
  };
  return {
    // By itself too: what closes a bracket that the program around it opened is no query.
    check: (query) => failure(query) ?? failure(programOf(query)),
    run(query, texts) {
      const { stdout, stderr, exitCode } = jq.raw(inputOf(texts), programOf(query), flags);
      const lines = stdout === '' ? [] : stdout.trimEnd().split('\n');
      if (exitCode !== 0 || lines.length !== texts.length)
        throw new Error(
          `jq ended with ${exitCode} after ${lines.length} of ${texts.length} records: ${stderr.slice(0, 500)}`,
        );
      return lines.map((line) => JSON.parse(line) as QueryAnswer);
    },
  };
}
