import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort, untilListening } from '../../../benchmarks/candidates.ts';
import { once } from '../../clients/environments.ts';
import { startChild } from './child.ts';
import type { ChildOptions, RunningChild } from './child.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../../..');
const jars = join(root, '.cache/kafka');
const quiet = ['-Dorg.slf4j.simpleLogger.defaultLogLevel=error'];
/** For tools that live for a second. */
const brief = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];

export interface KafkaOptions extends ChildOptions {
  /** With those of a stopped one, and its directory, it is there again. */
  readonly ports?: KafkaPorts;
  readonly heapMib?: number;
}

export interface KafkaPorts {
  readonly broker: number;
  readonly controller: number;
}

export interface RunningKafka extends Pick<RunningChild, 'pause' | 'resume' | 'log' | 'stop'> {
  /** 127.0.0.1:PORT */
  readonly bootstrap: string;
  readonly ports: KafkaPorts;
  readonly pid: number;
  /** One of Kafka's own tools by the name of its class; resolves with what it printed. */
  tool(main: string, args: readonly string[]): Promise<string>;
  createTopic(topic: string, partitions: number): Promise<void>;
  /** Puts records by Kafka's console producer: a line each, "KEY\tVALUE" or a value alone. */
  produce(topic: string, lines: readonly string[]): Promise<void>;
  /** So many records by Kafka's console consumer, from the first on, as "KEY\tVALUE". */
  consume(topic: string, count: number): Promise<string[]>;
}

/** Kafka 4.1 with its tools, once from Maven Central. */
export async function kafkaJars(): Promise<string> {
  const pom = join(root, 'benchmarks/kafka/pom.xml');
  await once(jars, readFileSync(pom, 'utf8'), async () => {
    const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';
    await run('mvn', ['-q', '-B', '-f', pom, goal, `-DoutputDirectory=${jars}`], { maxBuffer: 1 << 26 });
  });
  return jars;
}

/** One broker of Kafka that is its own controller (KRaft). */
export async function startKafka(options: KafkaOptions = {}): Promise<RunningKafka> {
  await kafkaJars();
  const ports = options.ports ?? { broker: await freePort(), controller: await freePort() };
  const running = await startChild(
    'kafka',
    async (directory) => {
      const properties = join(directory, 'server.properties');
      await writeFile(properties, propertiesOf(directory, ports));
      if (!existsSync(join(directory, 'log/meta.properties'))) {
        const id = randomBytes(16).toString('base64url');
        await java('kafka.tools.StorageTool', ['format', '-t', id, '-c', properties], { options: brief });
      }
      const heap = `-Xmx${options.heapMib ?? 512}m`;
      return { program: 'java', args: [heap, ...quiet, '-cp', join(jars, '*'), 'kafka.Kafka', properties] };
    },
    async ({ child }) => {
      await untilListening(ports.broker, child);
      return true;
    },
    options,
  );
  const bootstrap = `127.0.0.1:${ports.broker}`;
  const server = ['--bootstrap-server', bootstrap];
  const { child, pause, resume, log } = running;
  return {
    bootstrap,
    ports,
    pid: child.pid!,
    tool: (main, args) => java(main, args),
    async createTopic(topic, partitions) {
      const create = ['--create', '--topic', topic, '--partitions', String(partitions)];
      await java('org.apache.kafka.tools.TopicCommand', [...create, ...server], { options: brief });
    },
    async produce(topic, lines) {
      const hasKeys = lines[0]?.includes('\t') === true;
      const keys = hasKeys ? ['--property', 'parse.key=true'] : [];
      const main = 'org.apache.kafka.tools.ConsoleProducer';
      const args = ['--topic', topic, '--producer-property', 'acks=all', ...keys, ...server];
      await java(main, args, { input: lines.map((line) => `${line}\n`).join(''), options: brief });
    },
    async consume(topic, count) {
      const main = 'org.apache.kafka.tools.consumer.ConsoleConsumer';
      const args = ['--topic', topic, '--from-beginning', '--max-messages', String(count), '--timeout-ms', '30000'];
      const keys = ['--property', 'print.key=true'];
      const printed = await java(main, [...args, ...keys, ...server], { options: brief });
      return printed.split('\n').filter((line) => line !== '');
    },
    pause,
    resume,
    log,
    stop() {
      // A broker hands over for seconds; one whose data goes with it has nothing to hand over.
      if (options.directory === undefined) child.kill('SIGKILL');
      return running.stop();
    },
  };
}

async function java(
  main: string,
  args: readonly string[],
  { input = '', options: more = [] }: { input?: string; options?: readonly string[] } = {},
): Promise<string> {
  const options = ['-Xmx512m', ...more, ...quiet, '-cp', join(jars, '*')];
  const running = run('java', [...options, main, ...args], { maxBuffer: 1 << 28, timeout: 180_000 });
  running.child.stdin!.end(input);
  return (await running).stdout;
}

function propertiesOf(directory: string, { broker, controller }: KafkaPorts): string {
  return [
    'node.id=1',
    'process.roles=broker,controller',
    `controller.quorum.voters=1@127.0.0.1:${controller}`,
    'controller.listener.names=CONTROLLER',
    `listeners=PLAINTEXT://127.0.0.1:${broker},CONTROLLER://127.0.0.1:${controller}`,
    `advertised.listeners=PLAINTEXT://127.0.0.1:${broker}`,
    'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    `log.dirs=${join(directory, 'log')}`,
    'offsets.topic.replication.factor=1',
    // The first member of a group waits for no others.
    'group.initial.rebalance.delay.ms=0',
  ].join('\n');
}
