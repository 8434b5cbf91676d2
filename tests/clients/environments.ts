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
  await once(folder, readFileSync(requirements, 'utf8'), async () => {
    await run('python3', ['-m', 'venv', folder]);
    await run(join(folder, 'bin/pip'), ['install', '-q', '--no-deps', '-r', requirements]);
  });
  return join(folder, 'bin');
}

/** A Java program of ours that drives a real client, fetched from Maven Central. */
export interface JavaProgram {
  /** Names its folder below .cache. */
  readonly name: string;
  /** What the POM's ${client.version} becomes; the POM's own where it is left out. */
  readonly version?: string;
  /** Below tests/clients/java, as is the source. */
  readonly pom: string;
  readonly source: string;
}

/** A real KCL, and the worker of ours that is compiled against it. */
export interface KclVersion extends JavaProgram {
  readonly version: string;
  /** The worker's class. */
  readonly main: string;
  /** What makes its SDK speak JSON, as -Dname=value. */
  readonly withoutCbor: string;
}

const sdk2 = {
  pom: 'pom.xml',
  source: 'src/KclWorker.java',
  main: 'KclWorker',
  withoutCbor: '-Daws.cborEnabled=false',
};
export const kcl3: KclVersion = { name: 'kcl-3', version: '3.5.1', ...sdk2 };
export const kcl2: KclVersion = { name: 'kcl-2', version: '2.7.2', ...sdk2 };
export const kcl1: KclVersion = {
  name: 'kcl-1',
  version: '1.15.3',
  pom: 'kcl1/pom.xml',
  source: 'kcl1/Kcl1Worker.java',
  main: 'Kcl1Worker',
  withoutCbor: '-Dcom.amazonaws.sdk.disableCbor=true',
};

export const kpl = { name: 'kpl', version: '1.1.1', pom: 'kpl/pom.xml', source: 'kpl/KplWriter.java' };

export const javaSdk2 = { name: 'sdk-2', version: '2.52.0', pom: 'sdk2/pom.xml', source: 'sdk2/SdkStory.java' };
/** What KCL 1 stands on. */
export const javaSdk1 = { name: 'sdk-1', version: '1.12.797', pom: 'sdk1/pom.xml', source: 'sdk1/Sdk1Story.java' };

export const flink = { name: 'flink', version: '1.19.3', pom: 'flink/pom.xml', source: 'flink/FlinkJob.java' };

export const spark = { name: 'spark', version: '3.3.0', pom: 'spark/pom.xml', source: 'spark/SparkJob.java' };

/** The class path of a compiled program with its client, made once from tests/clients/java. */
export async function javaClassPath({ name, version, pom, source }: JavaProgram = kcl3): Promise<string> {
  const java = join(import.meta.dirname, 'java');
  const [jars, classes] = [join(cache, `java-${name}`, 'jars'), join(cache, `java-${name}`, 'classes')];
  const [pomText, sourceText] = [readFileSync(join(java, pom), 'utf8'), readFileSync(join(java, source), 'utf8')];
  await once(jars, `${pomText}${version}`, async () => {
    const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';
    const parameters = [...(version ? [`-Dclient.version=${version}`] : []), goal, `-DoutputDirectory=${jars}`];
    await run('mvn', ['-q', '-B', '-f', join(java, pom), ...parameters], { maxBuffer: 1 << 26 });
  });
  await once(classes, `${pomText}${version}${sourceText}`, async () => {
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

/** The class path of Apache ORC's reader and the program around it, made once from tests/clients/java/orc. */
export function orcClassPath(): Promise<string> {
  return javaClassPath({ name: 'orc', pom: 'orc/pom.xml', source: 'orc/OrcReaderMain.java' });
}

/** The class path of snappy-java and Hadoop with the program that reads by them. */
export function snappyClassPath(): Promise<string> {
  return javaClassPath({ name: 'snappy', pom: 'snappy/pom.xml', source: 'snappy/SnappyReaders.java' });
}

/** Runs `make` unless `folder` was made from this very recipe. */
export async function once(folder: string, recipe: string, make: () => Promise<void>): Promise<void> {
  const stamp = join(folder, '.made-from');
  const wanted = createHash('sha256').update(recipe).digest('hex');
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
