/** One Kafka broker from Maven Central, driven by Kafka's own producer performance tool with acks=all: no fsync, binary protocol. */
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort, untilListening } from './candidates.ts';
import { processUsage } from './process-usage.ts';

const run = promisify(execFile);
const jars = join(import.meta.dirname, '../.cache/kafka');

export async function measureKafka(): Promise<string[]> {
  await fetchJars();
  const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-kafka-'));
  const port = await freePort();
  const broker = await startBroker(folder, port);
  const bootstrap = `127.0.0.1:${port}`;
  try {
    const lines: string[] = [];
    for (const [flush, size, records] of [
      ['', 100, 2_000_000],
      ['', 1024, 500_000],
      ['flush.messages=1', 100, 200_000],
      ['flush.messages=1', 1024, 50_000],
    ] as const) {
      process.stderr.write(`kafka: ${records} × ${size} B ${flush} …\n`);
      const topic = `bench-${size}-${flush === '' ? 'memory' : 'durable'}`;
      const create = ['--create', '--topic', topic, '--partitions', '8', '--bootstrap-server', bootstrap];
      await java('org.apache.kafka.tools.TopicCommand', [...create, ...(flush === '' ? [] : ['--config', flush])]);
      const before = processUsage(broker.pid).cpuSeconds;
      const { stdout } = await java('org.apache.kafka.tools.ProducerPerformance', [
        ...['--topic', topic, '--num-records', String(records), '--record-size', String(size), '--throughput', '-1'],
        ...['--producer-props', 'acks=all', `bootstrap.servers=${bootstrap}`],
      ]);
      const cpu = ((processUsage(broker.pid).cpuSeconds - before) / records) * 1e6;
      const rates = [...stdout.matchAll(/([\d.]+) records\/sec \(([\d.]+) MB\/sec\)/g)].at(-1)!;
      lines.push(
        `acks=all, ${size} B, 8 partitions${flush === '' ? ', no fsync' : `, ${flush}`}: ${Math.round(Number(rates[1])).toLocaleString('en')} records/s at ${cpu.toFixed(2)} µs of broker CPU a record`,
      );
    }
    return lines;
  } finally {
    broker.kill();
    await rm(folder, { recursive: true, force: true });
  }
}

async function fetchJars(): Promise<void> {
  if (existsSync(jars)) return;
  const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';
  const pom = join(import.meta.dirname, 'kafka/pom.xml');
  await run('mvn', ['-q', '-B', '-f', pom, goal, `-DoutputDirectory=${jars}`], { maxBuffer: 1 << 26 });
}

function java(main: string, args: readonly string[]): Promise<{ stdout: string }> {
  const options = ['-Xmx512m', '-Dorg.slf4j.simpleLogger.defaultLogLevel=error', '-cp', join(jars, '*')];
  return run('java', [...options, main, ...args], { maxBuffer: 1 << 26, timeout: 180_000 });
}

async function startBroker(folder: string, port: number): Promise<{ pid: number; kill(): void }> {
  const controller = await freePort();
  const properties = join(folder, 'server.properties');
  await writeFile(
    properties,
    [
      'node.id=1',
      'process.roles=broker,controller',
      `controller.quorum.voters=1@127.0.0.1:${controller}`,
      'controller.listener.names=CONTROLLER',
      `listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}`,
      `advertised.listeners=PLAINTEXT://127.0.0.1:${port}`,
      'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
      `log.dirs=${join(folder, 'log')}`,
      'offsets.topic.replication.factor=1',
    ].join('\n'),
  );
  const id = randomBytes(16).toString('base64url');
  await java('kafka.tools.StorageTool', ['format', '-t', id, '-c', properties]);
  const options = ['-Xmx1g', '-Dorg.slf4j.simpleLogger.defaultLogLevel=error', '-cp', join(jars, '*')];
  const child = spawn('java', [...options, 'kafka.Kafka', properties], { stdio: 'ignore' });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  await untilListening(port, child);
  return { pid: child.pid!, kill };
}
