/*
 * The options of agent.json, each once: names, defaults and ranges are those of AWS's agent (its classes AgentConfiguration,
 * FileFlow, KinesisFileFlow, FirehoseFileFlow and ProcessingUtilsFactory). Reading, checking and docs/reference/agent.md come
 * from these tables.
 */

interface Base {
  readonly help: string;
  /** Taken and checked, and of no effect here: threads and connections of a Java program. */
  readonly isWithoutEffect?: true;
}

export type Option = Base &
  (
    | { readonly kind: 'boolean'; readonly default: boolean }
    | {
        readonly kind: 'integer';
        readonly default?: number;
        readonly least?: number;
        readonly most?: number;
        /** Where a delivery stream allows and defaults to less. */
        readonly mostForDeliveryStream?: number;
      }
    | { readonly kind: 'string'; readonly default?: string }
    | { readonly kind: 'choice'; readonly choices: readonly string[]; readonly default?: string }
    /** A regular expression as Java writes it. */
    | { readonly kind: 'pattern' }
    | { readonly kind: 'strings' }
    /** Any JSON; its reader says what it may be. */
    | { readonly kind: 'json' }
  );

export type Options = Readonly<Record<string, Option>>;

type Value<O> = O extends { readonly kind: 'boolean' }
  ? boolean
  : O extends { readonly kind: 'integer' }
    ? number
    : O extends { readonly kind: 'strings' }
      ? readonly string[]
      : O extends { readonly kind: 'json' }
        ? unknown
        : O extends { readonly kind: 'choice'; readonly choices: readonly (infer Choice)[] }
          ? Choice
          : string;

export type Values<Table extends Options> = {
  readonly [Key in keyof Table]: Table[Key] extends { readonly default: unknown }
    ? Value<Table[Key]>
    : Value<Table[Key]> | undefined;
};

const MiB = 1 << 20;
const minutes = 60_000;

export const topOptions = {
  flows: { kind: 'json', help: 'the flows, see below; those of /etc/aws-kinesis/agent.d are added' },
  checkpointFile: {
    kind: 'string',
    default: '/var/run/aws-kinesis-agent/checkpoints',
    help: 'the SQLite file of the checkpoints; that of the Java agent is taken over',
  },
  checkpointTimeToLiveDays: {
    kind: 'integer',
    default: 7,
    least: 1,
    help: 'checkpoints of files that are no more are forgotten after so many days',
  },
  awsAccessKeyId: { kind: 'string', help: 'credentials; without them the default chain of AWS’s SDK' },
  awsSecretAccessKey: { kind: 'string', help: 'credentials, with awsAccessKeyId' },
  assumeRoleARN: { kind: 'string', help: 'the role to assume with these credentials, for an hour each time' },
  assumeRoleExternalId: { kind: 'string', help: 'the external id for that' },
  'kinesis.endpoint': { kind: 'string', help: 'where Kinesis Data Streams is; https:// where no scheme is given' },
  'kinesis.region': { kind: 'string', help: 'else the endpoint’s, else AWS_REGION, else us-east-1' },
  'firehose.endpoint': { kind: 'string', help: 'where Firehose is' },
  'cloudwatch.endpoint': { kind: 'string', help: 'where CloudWatch is' },
  'sts.endpoint': { kind: 'string', help: 'where STS is, for assumeRoleARN' },
  'cloudwatch.emitMetrics': { kind: 'boolean', default: true, help: 'sends metrics to CloudWatch' },
  'cloudwatch.tagInstance': {
    kind: 'boolean',
    default: false,
    help: 'adds the dimension Instance: the EC2 instance’s id, else the host’s name',
  },
  'cloudwatch.namespace': { kind: 'string', default: 'AWSKinesisAgent', help: 'their namespace' },
  'cloudwatch.metricsBufferTimeMillis': {
    kind: 'integer',
    default: 30_000,
    least: 1000,
    help: 'how long values are gathered before they are sent',
  },
  'cloudwatch.metricsQueueSize': {
    kind: 'integer',
    default: 10_000,
    least: 1,
    help: 'values beyond that, of a CloudWatch that cannot be reached, are dropped',
  },
  'log.emitMetrics': { kind: 'boolean', default: false, help: 'writes what is counted into the log, too' },
  'log.emitInternalMetrics': { kind: 'boolean', default: false, help: 'the same' },
  'log.statusReportingPeriodSeconds': {
    kind: 'integer',
    default: 30,
    least: 1,
    help: 'how often progress is logged',
  },
  shutdownTimeoutMillis: {
    kind: 'integer',
    default: 10_000,
    least: 0,
    help: 'how long SIGTERM waits for what was read to be stored',
  },
  maxSendingThreads: {
    kind: 'integer',
    least: 1,
    help: 'how many requests of a flow may be on the way at once; 1 where it is not said, which keeps lines in order',
  },
  maxConnections: { kind: 'integer', default: 50, least: 1, help: 'connections to a service' },
  connectionTimeoutMillis: { kind: 'integer', default: 10_000, least: 0, help: 'to connect' },
  socketTimeoutMillis: { kind: 'integer', default: 50_000, least: 0, help: 'to be answered' },
  userAgent: { kind: 'string', help: 'put before the user agent that is sent' },
  userAgentOverride: { kind: 'string', help: 'the same: AWS’s SDK for JavaScript always names itself, too' },
  connectionTTLMillis: { kind: 'integer', default: -1, help: 'life of a connection', isWithoutEffect: true },
  useTcpKeepAlive: { kind: 'boolean', default: false, help: 'TCP keep-alive', isWithoutEffect: true },
  useHttpGzip: { kind: 'boolean', default: false, help: 'compressed answers', isWithoutEffect: true },
  maxSendingThreadsPerCore: { kind: 'integer', default: 12, least: 1, help: 'threads', isWithoutEffect: true },
  sendingThreadsKeepAliveMillis: { kind: 'integer', default: 60_000, help: 'threads', isWithoutEffect: true },
  sendingThreadsMaxQueueSize: { kind: 'integer', default: 100, help: 'threads', isWithoutEffect: true },
  millrace: { kind: 'json', help: 'additions of this agent, see below' },
} as const satisfies Options;

/** What AWS's agent has not; members of `millrace`. */
export const additionOptions = {
  statusPort: {
    kind: 'integer',
    least: 0,
    most: 65_535,
    help: 'the port of the status page; 0 is any free one; without it there is no page',
  },
  statusHost: { kind: 'string', default: '127.0.0.1', help: 'the address that it listens on' },
  quietMillis: {
    kind: 'integer',
    default: 1000,
    least: 0,
    most: 15 * minutes,
    help: 'the last record of a file with multiLineStartPattern goes when nothing was added for so long',
  },
  maxBufferedBytes: {
    kind: 'integer',
    default: 64 * MiB,
    least: MiB,
    help: 'what a flow holds in memory that is not stored yet, beside publishQueueCapacity',
  },
} as const satisfies Options;

export const flowOptions = {
  filePattern: {
    kind: 'string',
    help: 'a directory and a glob of file names (*, ?, [a-z], {a,b}); .gz, .bz2 and .zip are left alone',
  },
  cloudWatchLogsStream: {
    kind: 'string',
    help: 'in place of filePattern, an addition of this agent: a stream that a CloudWatch Logs subscription writes to',
  },
  kinesisStream: { kind: 'string', help: 'the destination: a stream' },
  deliveryStream: { kind: 'string', help: 'or a delivery stream; counts where both are said' },
  partitionKeyOption: {
    kind: 'choice',
    choices: ['RANDOM', 'DETERMINISTIC'],
    default: 'RANDOM',
    help: 'a stream’s partition keys: random numbers, or the MD5 of the record',
  },
  aggregatedRecordSizeBytes: {
    kind: 'integer',
    default: 0,
    least: 0,
    most: 1000 * 1024,
    help: 'a delivery stream’s records are lines up to that together; 0: each line is one',
  },
  initialPosition: {
    kind: 'choice',
    choices: ['START_OF_FILE', 'END_OF_FILE'],
    default: 'END_OF_FILE',
    help: 'where files begin that are there before the flow is known; later ones begin at their start',
  },
  skipHeaderLines: { kind: 'integer', default: 0, least: 0, help: 'so many first lines of a file are passed over' },
  multiLineStartPattern: { kind: 'pattern', help: 'a line that begins so begins a record; others belong to the last' },
  fileFooterPattern: { kind: 'pattern', help: 'the record that is this ends the file: nothing behind it is read' },
  truncatedRecordTerminator: { kind: 'string', default: '\n', help: 'the end of a record that had to be cut' },
  maxBufferAgeMillis: {
    kind: 'integer',
    default: minutes,
    least: 1000,
    most: 15 * minutes,
    help: 'how long a record waits for others to go with it',
  },
  maxBufferSizeRecords: { kind: 'integer', default: 500, least: 1, most: 500, help: 'records of a request' },
  maxBufferSizeBytes: {
    kind: 'integer',
    default: 5 * MiB,
    least: 1,
    most: 5 * MiB,
    mostForDeliveryStream: 4 * MiB,
    help: 'bytes of a request',
  },
  publishQueueCapacity: {
    kind: 'integer',
    default: 100,
    least: 1,
    help: 'requests that may wait; reading stops at that',
  },
  retryInitialBackoffMillis: { kind: 'integer', default: 100, least: 0, help: 'the pause after a first failure' },
  retryMaxBackoffMillis: { kind: 'integer', default: 10_000, least: 0, help: 'the longest pause between tries' },
  minTimeBetweenFilePollsMillis: {
    kind: 'integer',
    default: 100,
    least: 0,
    help: 'the pause between looks at the files',
  },
  maxTimeBetweenFileTrackerRefreshMillis: {
    kind: 'integer',
    default: 10_000,
    least: 0,
    help: 'how often all files are gone over, where nothing gave cause to',
  },
  dataProcessingOptions: { kind: 'json', help: 'what is done with a record, one after the other, see below' },
  'log.emitInternalMetrics': { kind: 'boolean', default: false, help: 'writes what is counted into the log' },
  waitOnFullPublishQueueMillis: {
    kind: 'integer',
    default: minutes,
    least: 1000,
    most: 15 * minutes,
    help: 'nothing waits in turns here',
    isWithoutEffect: true,
  },
  waitOnEmptyPublishQueueMillis: {
    kind: 'integer',
    default: minutes,
    least: 1000,
    most: 15 * minutes,
    help: 'the same',
    isWithoutEffect: true,
  },
  waitOnFullRetryQueueMillis: { kind: 'integer', help: 'the same', isWithoutEffect: true },
} as const satisfies Options;

const jsonFormat = {
  kind: 'choice',
  choices: ['COMPACT', 'PRETTYPRINT'],
  default: 'COMPACT',
  help: 'JSON on one line, or on several',
} as const;

const logFormat = {
  kind: 'choice',
  choices: ['COMMONAPACHELOG', 'COMBINEDAPACHELOG', 'APACHEERRORLOG', 'SYSLOG', 'RFC3339SYSLOG'],
} as const;

/** By `optionName`. */
export const processingOptions = {
  SINGLELINE: {
    parseOptions: {
      kind: 'strings',
      help: 'NO_TRIM keeps spaces around lines; ESCAPE_NEW_LINE puts \\\\n between them',
    },
  },
  CSVTOJSON: {
    customFieldNames: {
      kind: 'strings',
      help: 'the names of the columns; missing columns are null, further ones are left out',
    },
    delimiter: { kind: 'string', default: ',', help: 'a regular expression; quotes mean nothing, as in AWS’s agent' },
    jsonFormat,
  },
  LOGTOJSON: {
    logFormat: { ...logFormat, help: 'the format; lines that are not of it are passed over' },
    matchPattern: { kind: 'pattern', help: 'in place of the format’s own; the whole line has to match' },
    customFieldNames: { kind: 'strings', help: 'a name for each group; needed with matchPattern' },
    jsonFormat,
  },
  ADDMETADATA: {
    metadata: { kind: 'json', help: 'any JSON; the record becomes {"metadata": …, "data": "the record"}' },
    timestamp: { kind: 'boolean', default: false, help: 'adds "ts", the time of processing' },
    jsonFormat,
  },
  ADDEC2METADATA: {
    logFormat: { ...logFormat, help: 'AWS’s agent wants it and does nothing with it' },
    matchPattern: { kind: 'pattern', help: 'the same' },
    customFieldNames: { kind: 'strings', help: 'the same' },
    metadataTTL: { kind: 'integer', default: 3600, least: 1, help: 'seconds after which the instance is asked again' },
    jsonFormat,
  },
  ADDBRACKETS: {},
} as const satisfies Readonly<Record<string, Options>>;
