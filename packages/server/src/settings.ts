/**
 * Every setting of `millrace serve`, once: the flag, the MILLRACE_ variable, the key in the configuration file, the help
 * text and the reference page all come from this table.
 */
export interface Setting {
  /** The flag without dashes and the key in the file. The variable is MILLRACE_ and the name in capitals, '-' as '_'. */
  readonly name: string;
  readonly type: 'string' | 'integer' | 'boolean';
  readonly default: string | number | boolean | undefined;
  readonly choices?: readonly string[];
  readonly min?: number;
  readonly max?: number;
  readonly placeholder?: string;
  readonly help: string;
}

export const settings = [
  { name: 'host', type: 'string', default: '127.0.0.1', placeholder: 'ADDRESS', help: 'address to listen on' },
  { name: 'port', type: 'integer', default: 4567, min: 0, max: 65535, help: 'port to listen on; 0 picks a free one' },
  {
    name: 'data',
    type: 'string',
    default: undefined,
    placeholder: 'DIR',
    help: 'data directory; without it a new temporary one, named at start',
  },
  { name: 'region', type: 'string', default: 'us-east-1', help: 'region of requests whose signature names none' },
  { name: 'account', type: 'string', default: '000000000000', help: 'account of requests whose credentials name none' },
  {
    name: 'limits',
    type: 'string',
    default: 'aws',
    choices: ['aws', 'none'],
    help: "AWS's rates and quotas, or none of them",
  },
  { name: 'engine', type: 'string', default: 'embedded', help: 'where records are kept' },
  {
    name: 'auth',
    type: 'string',
    default: 'none',
    choices: ['none', 'sigv4', 'iam'],
    help: 'accept anyone, verify signatures, or enforce policies too',
  },
  {
    name: 'config',
    type: 'string',
    default: undefined,
    placeholder: 'FILE',
    help: 'JSON file with these settings, identities, functions and tables',
  },
  { name: 'insecure', type: 'boolean', default: false, help: 'allow --auth none on an address that others can reach' },
  {
    name: 'tls-cert',
    type: 'string',
    default: undefined,
    placeholder: 'FILE',
    help: 'PEM certificate chain; without it a self-signed one',
  },
  {
    name: 'tls-key',
    type: 'string',
    default: undefined,
    placeholder: 'FILE',
    help: 'PEM private key of the certificate',
  },
  {
    name: 'transition-ms',
    type: 'integer',
    default: 200,
    min: 0,
    max: 3_600_000,
    help: 'how long CREATING, UPDATING and DELETING last',
  },
  {
    name: 'subscription-ms',
    type: 'integer',
    default: 300_000,
    min: 100,
    max: 300_000,
    help: "how long a SubscribeToShard lasts: AWS's five minutes, or less to try how a consumer renews it",
  },
  {
    name: 'consumers-per-stream',
    type: 'integer',
    default: 20,
    min: 1,
    max: 10_000,
    help: 'registered consumers a stream may have',
  },
  {
    name: 'shard-quota',
    type: 'integer',
    default: 20_000,
    min: 1,
    max: 1_000_000,
    help: 'open shards an account may have in a region',
  },
  {
    name: 's3',
    type: 'string',
    default: undefined,
    placeholder: 'URL|aws',
    help: 'where Firehose finds its buckets: an S3 endpoint, or AWS; without it folders below the data directory',
  },
  {
    name: 'topic-clusters',
    type: 'string',
    default: undefined,
    placeholder: 'NAME=HOST:PORT;…,…',
    help: 'where Firehose finds the Kafka clusters of MSK sources: brokers by the name in a cluster ARN, or the ARN',
  },
  {
    name: 'search-domains',
    type: 'string',
    default: undefined,
    placeholder: 'NAME=URL,…',
    help: "where Firehose finds OpenSearch domains: clusters by the name in a DomainARN, or the ARN; URLs may have a user's name and password",
  },
  {
    name: 'iceberg-catalogs',
    type: 'string',
    default: undefined,
    placeholder: 'NAME=URL,…',
    help: "where Firehose finds the catalogs of Iceberg tables: REST catalogs by the last part of a CatalogARN, or the ARN; URLs may have :TOKEN or CLIENT:SECRET before the host; tables' files are in --s3",
  },
  {
    name: 'function-code',
    type: 'string',
    default: 'api',
    choices: ['api', 'declared'],
    help: 'whether functions are made through the API too, or are those of the configuration file alone',
  },
  {
    name: 'function-processes',
    type: 'integer',
    default: 16,
    min: 1,
    max: 1000,
    help: 'processes in which functions run at once; each may use the memory of its function',
  },
  {
    name: 'hot-mib',
    type: 'integer',
    default: 64,
    min: 4,
    max: 65_536,
    help: 'MiB of newest records kept in memory before they go to segments',
  },
  {
    name: 'body-budget-mib',
    type: 'integer',
    default: 64,
    min: 16,
    max: 65_536,
    help: 'MiB of request bodies in memory at once',
  },
  {
    name: 'answer-budget-mib',
    type: 'integer',
    default: 128,
    min: 16,
    max: 65_536,
    help: 'MiB of records in answers of GetRecords in memory at once',
  },
  {
    name: 'active-partitions',
    type: 'integer',
    default: 500,
    min: 1,
    max: 5000,
    help: 'partitions that a delivery stream may have at once, with dynamic partitioning',
  },
  {
    name: 'delivery-budget-mib',
    type: 'integer',
    default: 512,
    min: 16,
    max: 65_536,
    help: 'MiB that deliveries of Firehose may hold in memory at once',
  },
  {
    name: 'error-logs',
    type: 'string',
    default: undefined,
    placeholder: 'STREAM',
    help: 'a stream of the default account that what Firehose writes to its error logs goes to as well, as CloudWatch Logs sends it to subscribers',
  },
  {
    name: 'conversion-memory-mib',
    type: 'integer',
    default: 512,
    min: 64,
    max: 65_536,
    help: 'MiB that rows on their way to Parquet files may hold in memory; what is more goes to the data directory meanwhile',
  },
  {
    name: 'log',
    type: 'string',
    default: 'text',
    choices: ['text', 'json', 'silent'],
    help: 'form of the log on standard error',
  },
] as const satisfies readonly Setting[];

type Entry = (typeof settings)[number];
type ValueOf<S extends Entry> = S extends { choices: readonly (infer Choice)[] }
  ? Choice
  : S['type'] extends 'integer'
    ? number
    : S['type'] extends 'boolean'
      ? boolean
      : S['default'] extends string
        ? string
        : string | undefined;

/** The values by name. */
export type Settings = { readonly [S in Entry as S['name']]: ValueOf<S> };

/** The environment variable of a setting. */
export function variableOf(name: string): string {
  return `MILLRACE_${name.toUpperCase().replaceAll('-', '_')}`;
}
