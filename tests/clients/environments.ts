import { execFile } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createHash } from 'node:crypto';

const root = join(import.meta.dirname, '../..');
const cache = join(root, '.cache');
const run = promisify(execFile);

/**
 * The folder with python, aws and moto_server (which the benchmarks measure), made once from tests/clients/python/requirements.txt.
 */
export async function pythonEnvironment(): Promise<string> {
  const requirements = join(import.meta.dirname, 'python/requirements.txt');
  const folder = join(cache, 'python');
  await once(folder, requirements, async () => {
    await run('python3', ['-m', 'venv', folder]);
    await run(join(folder, 'bin/pip'), ['install', '-q', '--no-deps', '-r', requirements]);
  });
  return join(folder, 'bin');
}

/** A real client of Maven Central, and the program of ours that is compiled against it. */
export interface JavaClient {
  readonly version: string;
  /** Below tests/clients/java. */
  readonly pom: string;
  readonly source: string;
  /** The folder in the cache is named by it; a KCL has none. */
  readonly name?: string;
}

export type KclVersion = JavaClient;

export const kcl3: KclVersion = { version: '3.5.1', pom: 'pom.xml', source: 'src/KclWorker.java' };
export const kcl2: KclVersion = { version: '2.7.2', pom: 'pom.xml', source: 'src/KclWorker.java' };
export const kcl1: KclVersion = { version: '1.15.3', pom: 'kcl1/pom.xml', source: 'kcl1/Kcl1Worker.java' };
export const flink: JavaClient = {
  name: 'flink',
  version: '1.19.3',
  pom: 'flink/pom.xml',
  source: 'flink/FlinkJob.java',
};

export const spark: JavaClient = {
  name: 'spark',
  version: '3.3.0',
  pom: 'spark/pom.xml',
  source: 'spark/SparkJob.java',
};

/** The class path of a compiled program with its client, made once from tests/clients/java. */
export async function javaClassPath({ name = 'java', version, pom, source }: JavaClient = kcl3): Promise<string> {
  const java = join(import.meta.dirname, 'java');
  const folder = join(cache, `${name}-${version}`);
  const [jars, classes] = [join(folder, 'jars'), join(folder, 'classes')];
  await once(folder, join(java, source), async () => {
    const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';
    const parameters = [`-Dkcl.version=${version}`, goal, `-DoutputDirectory=${jars}`];
    await run('mvn', ['-q', '-B', '-f', join(java, pom), ...parameters], { maxBuffer: 1 << 26 });
    await run('javac', ['-nowarn', '-cp', join(jars, '*'), '-d', classes, join(java, source)]);
  });
  return [classes, join(jars, '*')].join(':');
}

/** The program of tests/clients/go; Go itself knows what there is to build anew. */
export async function goStory(): Promise<string> {
  const program = join(cache, 'go/story');
  await run('go', ['build', '-o', program, '.'], { cwd: join(import.meta.dirname, 'go'), maxBuffer: 1 << 26 });
  return program;
}

/** The program of tests/clients/rust; Cargo itself knows what there is to build anew. */
export async function rustStory(): Promise<string> {
  const target = join(cache, 'rust/target');
  const cwd = join(import.meta.dirname, 'rust');
  const env = { ...process.env, CARGO_TARGET_DIR: target };
  await run('cargo', ['build', '--quiet', '--locked'], { cwd, env, maxBuffer: 1 << 26 });
  return join(target, 'debug/kinesis-story');
}

/** Java's properties by which a process trusts the certificate that the server made in its data directory. */
export async function javaTrust(data: string): Promise<string[]> {
  const [store, password] = [join(data, 'trust.p12'), 'millrace'];
  const certificate = ['-file', join(data, 'keys/self-signed.pem'), '-alias', 'millrace', '-noprompt'];
  await run('keytool', ['-importcert', ...certificate, '-keystore', store, '-storepass', password]);
  return [`-Djavax.net.ssl.trustStore=${store}`, `-Djavax.net.ssl.trustStorePassword=${password}`];
}

/** Runs `make` unless `folder` was made from the present contents of `recipe`. */
async function once(folder: string, recipe: string, make: () => Promise<void>): Promise<void> {
  const stamp = join(folder, '.made-from');
  const wanted = createHash('sha256').update(readFileSync(recipe)).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await make();
  writeFileSync(stamp, wanted);
}

/** Ends a process, by force when it does not go within ten seconds. */
export async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await exited;
  clearTimeout(force);
}

/** Polls until the condition holds; rejects with `what` after the deadline. */
export async function untilTrue(
  condition: () => boolean | Promise<boolean>,
  what = 'the condition',
  timeoutMs = 120_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`gave up waiting for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
