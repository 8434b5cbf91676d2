import { javaClassPath } from '../../clients/environments.ts';
import type { JavaProgram } from '../../clients/environments.ts';
import { startChild } from './child.ts';
import type { ChildOptions, RunningChild } from './child.ts';

/** A server in Java: its program below tests/destinations/java, and the class that has its main. */
export interface JavaServer extends JavaProgram {
  readonly main: string;
  /** For Java itself. */
  readonly options: readonly string[];
}

/** `name` is its folder and `main` its one source there. */
export function javaServer(name: string, main: string, options: readonly string[]): JavaServer {
  const folder = `../../destinations/java/${name}`;
  return { name, pom: `${folder}/pom.xml`, source: `${folder}/${main}.java`, main, options };
}

/** Starts it; it prints "ready PORT" when it serves there. */
export async function startJava(
  server: JavaServer,
  args: (directory: string) => readonly string[],
  options: ChildOptions & { readonly env?: NodeJS.ProcessEnv } = {},
): Promise<RunningChild & { readonly port: number }> {
  const classPath = await javaClassPath(server);
  const running = await startChild(
    server.name,
    (directory) => ({
      program: 'java',
      args: [...server.options, '-XX:+UseSerialGC', '-cp', classPath, server.main, ...args(directory)],
      ...(options.env && { env: options.env }),
    }),
    ({ output }) => readyLine.test(output()),
    options,
  );
  return { ...running, port: Number(readyLine.exec(running.output())![1]) };
}

const readyLine = /^ready (\d+)$/m;
