import { parseJsonWithComments } from './json-with-comments.ts';
import { additionOptions, flowOptions, topOptions } from './options.ts';
import type { Values } from './options.ts';
import { asObject, ConfigurationError, readOptions } from './read-options.ts';
import type { ReadingContext } from './read-options.ts';
import { readSteps } from './steps.ts';
import type { Step } from './steps.ts';
import { fileNameMatcher } from '../tailing/glob.ts';

export type Destination = { readonly type: 'stream' | 'deliveryStream'; readonly name: string };

/** One flow of the configuration, checked. */
export interface FlowConfiguration {
  /** As the Java agent writes it into its checkpoints. */
  readonly id: string;
  readonly source:
    | { readonly type: 'files'; readonly directory: string; readonly pattern: string }
    | { readonly type: 'cloudWatchLogs'; readonly stream: string };
  readonly destination: Destination;
  readonly options: Values<typeof flowOptions>;
  readonly steps: readonly Step[];
}

export interface AgentConfiguration {
  readonly options: Values<typeof topOptions>;
  readonly additions: Values<typeof additionOptions>;
  readonly flows: readonly FlowConfiguration[];
  /** What was left alone, in words. */
  readonly warnings: readonly string[];
}

/** What one record of a destination may have, its partition key included. */
export const largestRecordBytes = { stream: 1 << 20, deliveryStream: 1000 * 1024 } as const;

/**
 * Reads agent.json; `more` are the texts of the files of agent.d, of which only the flows count, by their names. Throws a
 * ConfigurationError; a file of agent.d that cannot be read is a warning, as in AWS's agent.
 */
export function readConfiguration(text: string, more: Readonly<Record<string, string>> = {}): AgentConfiguration {
  const warnings: string[] = [];
  const warn = (message: string): void => void warnings.push(message);
  const {
    'userDefinedCredentialsProvider.classname': providerClass,
    'userDefinedCredentialsProvider.location': jar,
    ...json
  } = asObject(parse(text, 'the configuration'), 'the configuration');
  if ((providerClass ?? jar ?? '') !== '')
    throw new ConfigurationError(
      'userDefinedCredentialsProvider is a Java class and cannot be loaded here; use awsAccessKeyId, assumeRoleARN or the default chain of AWS’s SDK',
    );
  const options = readOptions(topOptions, json, { where: '', warn });
  if ((options.awsAccessKeyId === undefined) !== (options.awsSecretAccessKey === undefined))
    throw new ConfigurationError('awsAccessKeyId and awsSecretAccessKey must be there both, or neither');
  checkPlaces(options);
  const additions = readOptions(additionOptions, options.millrace ?? {}, { where: 'millrace.', warn });
  const flows = [...listOf(options.flows, 'flows').entries()].map(([at, flow]) =>
    readFlow(flow, { where: `flows[${at}].`, warn }),
  );
  for (const [name, content] of Object.entries(more)) {
    const parsed = parseOrWarn(content, name, warn);
    if (parsed === undefined) continue;
    for (const [at, flow] of listOf(asObject(parsed, name)['flows'] ?? [], `flows of ${name}`).entries())
      flows.push(readFlow(flow, { where: `${name}: flows[${at}].`, warn }));
  }
  if (flows.length === 0) throw new ConfigurationError('flows must have at least one flow');
  const ids = new Set<string>();
  for (const { id } of flows) {
    if (ids.has(id)) throw new ConfigurationError(`flows has ${id} twice`);
    ids.add(id);
  }
  return { options, additions, flows, warnings };
}

function checkPlaces(options: AgentConfiguration['options']): void {
  // To SQLite an empty name is a file that goes with the process.
  if (options.checkpointFile.trim() === '') throw new ConfigurationError('checkpointFile must name a file');
  for (const service of ['kinesis', 'firehose', 'cloudwatch', 'sts'] as const) {
    const endpoint = withScheme(options[`${service}.endpoint`]);
    if (endpoint !== undefined && !/^https?:$/.test(URL.parse(endpoint)?.protocol ?? ''))
      throw new ConfigurationError(
        `${service}.endpoint is ${JSON.stringify(endpoint)}; it must be a URL of http or https`,
      );
  }
}

/** An endpoint as a URL; undefined where there is none. */
export function withScheme(endpoint = ''): string | undefined {
  if (endpoint.trim() === '') return undefined;
  return endpoint.includes('://') ? endpoint : `https://${endpoint}`;
}

function parse(text: string, name: string): unknown {
  try {
    return parseJsonWithComments(text);
  } catch (error) {
    throw new ConfigurationError(`${name} is not JSON: ${(error as Error).message}`, { cause: error });
  }
}

function parseOrWarn(text: string, name: string, warn: (message: string) => void): unknown {
  try {
    return parse(text, name);
  } catch (error) {
    warn(`${(error as Error).message}; it is left alone`);
    return undefined;
  }
}

function listOf(json: unknown, name: string): readonly unknown[] {
  if (json === undefined || Array.isArray(json)) return json ?? [];
  throw new ConfigurationError(`${name} must be a list, [{…}]`);
}

function readFlow(json: unknown, context: ReadingContext): FlowConfiguration {
  const { where } = context;
  const object = asObject(json, where.replace(/\.$/, ''));
  const isDeliveryStream = (object['deliveryStream'] ?? undefined) !== undefined;
  const options = readOptions(flowOptions, object, { ...context, isDeliveryStream });
  const name = options.deliveryStream ?? options.kinesisStream ?? '';
  if (name === '') throw new ConfigurationError(`${where}kinesisStream or ${where}deliveryStream must be there`);
  const type = isDeliveryStream ? 'deliveryStream' : 'stream';
  if (Buffer.byteLength(options.truncatedRecordTerminator) >= largestRecordBytes[type])
    throw new ConfigurationError(`${where}truncatedRecordTerminator must be shorter than a record may be`);
  const source = readSource(options, where);
  const from = source.type === 'files' ? `${source.directory}/${source.pattern}` : `cloudWatchLogs:${source.stream}`;
  return {
    id: `${isDeliveryStream ? 'fh' : 'kinesis'}:${name}:${from}`,
    source,
    destination: { type, name },
    options,
    steps: readSteps(options.dataProcessingOptions, context),
  };
}

function readSource(options: Values<typeof flowOptions>, where: string): FlowConfiguration['source'] {
  const { filePattern = '', cloudWatchLogsStream = '' } = options;
  if (cloudWatchLogsStream !== '') {
    if (filePattern !== '')
      throw new ConfigurationError(`${where}filePattern and ${where}cloudWatchLogsStream exclude each other`);
    return { type: 'cloudWatchLogs', stream: cloudWatchLogsStream };
  }
  const at = filePattern.lastIndexOf('/');
  if (at === -1 || at === filePattern.length - 1)
    throw new ConfigurationError(
      `${where}filePattern is ${JSON.stringify(filePattern)}; it must be a directory and a file name or a glob of some`,
    );
  const pattern = filePattern.slice(at + 1);
  try {
    fileNameMatcher(pattern);
  } catch (error) {
    throw new ConfigurationError(`${where}filePattern is ${JSON.stringify(filePattern)}, which is no glob of files`, {
      cause: error,
    });
  }
  return { type: 'files', directory: filePattern.slice(0, at) || '/', pattern };
}
