/** One Kafka broker from Maven Central, driven by Kafka's own producer performance tool with acks=all: no fsync, binary protocol. */
import { startKafka } from '../tests/destinations/servers/kafka.ts';
import { processUsage } from './process-usage.ts';

export async function measureKafka(): Promise<string[]> {
  const broker = await startKafka({ heapMib: 1024 });
  const { bootstrap } = broker;
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
      await broker.tool('org.apache.kafka.tools.TopicCommand', [
        ...create,
        ...(flush === '' ? [] : ['--config', flush]),
      ]);
      const before = processUsage(broker.pid).cpuSeconds;
      const stdout = await broker.tool('org.apache.kafka.tools.ProducerPerformance', [
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
    await broker.stop();
  }
}
