/** A package, as the lint, the layers test and ARCHITECTURE.md know it. */
export interface Room {
  /** What lives there. */
  readonly holds: string;
  /** The packages it may import. */
  readonly imports: readonly string[];
  /** Modules of Node that others may not have: parsers, whose sockets come from world. */
  readonly nodeModules?: readonly string[];
  /** Whether it is wiring of a process, and reaches disk, network and timers by itself; all others go through world. */
  readonly isWiring?: true;
}

/** The arrows between packages: they point up this table only. */
export const rooms: Readonly<Record<string, Room>> = {
  world: { holds: 'the only door to clock, timers, randomness, disk and network', imports: [], isWiring: true },
  model: {
    holds: 'the AWS model as data, generated types, and what is compiled from them: decode, check, encode',
    imports: [],
  },
  protocol: { holds: 'bytes to operations and back: aws-json, CBOR, event stream, errors', imports: ['model'] },
  access: { holds: 'signatures, identities, policies, keys', imports: ['world', 'model'] },
  log: { holds: 'the shard log and the registry, an interface and an embedded engine each', imports: ['world'] },
  'data-streams': { holds: 'Kinesis Data Streams: one file an operation', imports: ['world', 'model', 'log'] },
  orc: { holds: 'writes ORC files, stripe by stripe', imports: [] },
  aggregation: { holds: "the KPL's aggregated records, both ways; for clients", imports: [] },
  iceberg: {
    holds: 'appends records to Iceberg tables through a REST catalog: metadata, manifests, commits',
    imports: ['world'],
  },
  'record-formats': {
    holds: 'JSON records to Parquet and ORC files by a schema, in a worker thread',
    imports: ['orc', 'iceberg'],
    isWiring: true,
  },
  topics: {
    holds: 'reads topics of Kafka clusters, for Firehose',
    imports: [],
    isWiring: true,
  },
  transformations: {
    holds: 'functions that ship with Millrace: CSV, Avro, syslog and Apache logs to JSON, JSON to CSV and Avro',
    imports: [],
    isWiring: true,
  },
  firehose: {
    holds: 'Data Firehose: delivery streams, and how their records get to where they go',
    imports: ['world', 'model', 'log', 'aggregation'],
  },
  functions: {
    holds: 'what Lambda is to Kinesis: functions, where they run, and event source mappings of streams',
    imports: ['world', 'model', 'log', 'aggregation'],
    nodeModules: ['child_process', 'http', 'https', 'net'],
  },
  'lease-tables': {
    holds: 'the part of DynamoDB that Kinesis clients keep their leases in',
    imports: ['world', 'model', 'log'],
  },
  glue: {
    holds: 'the part of the Glue Data Catalog that table schemas are kept in',
    imports: ['world', 'model', 'log'],
  },
  cloudwatch: { holds: 'the part of CloudWatch that they send their metrics to', imports: ['world', 'model', 'log'] },
  payload: { holds: 'what records carry, compressed and encrypted by clients, both ways', imports: [] },
  producer: { holds: 'puts records: the KPL for Node', imports: ['world', 'aggregation', 'payload'] },
  consumer: { holds: 'reads streams in shares: the KCL for Node', imports: ['world', 'aggregation'] },
  agent: {
    holds: 'tails files to streams and delivery streams: the Kinesis Agent for Node',
    imports: ['world', 'consumer'],
    nodeModules: ['http'],
  },
  cli: {
    holds: 'the commands for people, against any Kinesis',
    imports: ['producer', 'consumer'],
    isWiring: true,
  },
  server: {
    holds: 'settings, wiring, listener, health, metrics, command line',
    imports: [
      'world',
      'model',
      'protocol',
      'access',
      'log',
      'data-streams',
      'iceberg',
      'topics',
      'record-formats',
      'firehose',
      'functions',
      'transformations',
      'lease-tables',
      'cloudwatch',
      'glue',
      'agent',
      'cli',
    ],
    isWiring: true,
  },
};
