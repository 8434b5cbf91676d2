/**
 * Makes what the destinations' tests need, once, into .cache: programs from Go's proxy, Maven Central and PyPI. Afterwards
 * they run without a network.
 */
import { javaClassPath, pythonEnvironment } from '../clients/environments.ts';
import { icebergCatalog, pyicebergFolder } from './servers/iceberg.ts';
import { kafkaJars } from './servers/kafka.ts';
import { elasticsearch, openSearch } from './servers/opensearch.ts';
import { versitygwProgram } from './servers/versitygw.ts';

const steps: readonly (readonly [name: string, make: () => Promise<unknown>])[] = [
  ['versitygw (Go, minutes the first time)', versitygwProgram],
  ['OpenSearch (Maven)', () => javaClassPath(openSearch)],
  ['Elasticsearch (Maven)', () => javaClassPath(elasticsearch)],
  ['Iceberg REST catalog (Maven)', () => javaClassPath(icebergCatalog)],
  ['Kafka (Maven)', kafkaJars],
  ['Python with boto3 and moto (PyPI)', pythonEnvironment],
  ['pyiceberg (PyPI)', pyicebergFolder],
];

const failed: string[] = [];
// One after the other: two of Maven at once would share its folder, and pip waits for the Python before it.
for (const [name, make] of steps) {
  const began = performance.now();
  try {
    await make();
  } catch (error) {
    // The stories of the other servers can still be told.
    failed.push(name);
    console.error(`${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
  const seconds = (performance.now() - began) / 1000;
  if (seconds > 1) console.error(`${name}: ${seconds.toFixed(1)} s`);
}
if (failed.length > 0) console.error(`not prepared: ${failed.join(', ')}; what needs them fails`);
