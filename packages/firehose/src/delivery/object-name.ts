import { invalidArgument } from '../errors.ts';
import type { PartitionKeys } from '../processing/processed-record.ts';
import { formatTime } from './time-format.ts';

/**
 * The names of objects, as "Amazon S3 object name format" and "Custom prefixes for Amazon S3 objects" of Firehose's guide say.
 *
 *   name       = prefix deliveryStream "-" version "-" yyyy-MM-dd-HH-mm-ss "-" uuid extension
 *   prefix     = (text | expression)* ; "yyyy/MM/dd/HH/" behind it where none of its expressions is a timestamp
 *   expression = "!{" namespace ":" value "}"
 *   namespace  = "timestamp"    value: a pattern of Java's DateTimeFormatter
 *              | "firehose"     value: "random-string" (11 characters) | "error-output-type" (error prefixes only)
 *              | "partitionKeyFromQuery" | "partitionKeyFromLambda"      value: a partition key's name
 *
 * Times are those of the oldest record in the object, in the destination's time zone.
 */
export interface NameParts {
  readonly deliveryStream: string;
  readonly version: number;
  /** Arrival of the oldest record. */
  readonly timeMs: number;
  readonly timeZone: string | undefined;
  readonly prefix: string | undefined;
  readonly extension: string;
  /** Not guessable: keeps names apart. */
  readonly uuid: string;
  randomString(): string;
  /** What failed, where the object holds records that could not be delivered. */
  readonly errorOutputType?: string;
  /** Where the prefix has partition keys. */
  readonly keys?: PartitionKeys | undefined;
}

interface Prefixes {
  readonly Prefix?: string;
  readonly ErrorOutputPrefix?: string;
  readonly CustomTimeZone?: string;
}

const expressions = /!\{([^:}]*)(?::([^}]*))?\}/g;
const defaultTimes = 'yyyy/MM/dd/HH/';

export function objectName(parts: NameParts): string {
  const { deliveryStream, version, timeMs, timeZone, extension, uuid } = parts;
  const time = formatTime('yyyy-MM-dd-HH-mm-ss', timeMs, timeZone);
  return `${prefixOf(parts)}${deliveryStream}-${version}-${time}-${uuid}${extension}`;
}

function prefixOf({ prefix, timeMs, timeZone, randomString, errorOutputType, keys }: NameParts): string {
  // Records that failed stand below what failed where no prefix says so.
  const pattern =
    prefix === undefined || prefix === '' ? (errorOutputType === undefined ? '' : `${errorOutputType}/`) : prefix;
  let isTimed = false;
  const evaluated = pattern.replace(expressions, (_, namespace: string, value: string) => {
    if (namespace === 'firehose') return value === 'error-output-type' ? errorOutputType! : randomString();
    if (isKeySource(namespace)) return keys?.[keySources[namespace]]?.[value] ?? '';
    isTimed = true;
    return formatTime(value, timeMs, timeZone);
  });
  return isTimed ? evaluated : evaluated + formatTime(defaultTimes, timeMs, timeZone);
}

const keySources = { partitionKeyFromQuery: 'query', partitionKeyFromLambda: 'lambda' } as const;

function isKeySource(namespace: string): namespace is keyof typeof keySources {
  return Object.hasOwn(keySources, namespace);
}

/** A partition key that a prefix has: what makes it, and its name. */
export interface PrefixKey {
  readonly from: 'query' | 'lambda';
  readonly name: string;
}

/** The partition keys in a prefix. */
export function prefixKeys(prefix: string | undefined): PrefixKey[] {
  const found = [...(prefix ?? '').matchAll(expressions)];
  return found.flatMap(([, namespace = '', name = '']) =>
    isKeySource(namespace) ? [{ from: keySources[namespace], name }] : [],
  );
}

/** "The sequence of Unicode characters" of a key "whose UTF-8 encoding is at most 1,024 bytes long". */
const keyBytes = 1024;
/** Of these, what partition keys may take. */
export const partitionKeyBytes = 512;
/** A Wednesday in September, in the evening: as long as times are written. */
const longestTimeMs = Date.UTC(2026, 8, 30, 22, 22, 22, 222);

/** Of what failed, the way with the longest name. */
const longestErrorOutputType = 'dynamic-partitioning-failed';

/** Throws InvalidArgumentException where names would be too long for S3: every put would fail, until the records expire. */
export function checkLength(
  deliveryStream: string,
  { Prefix: prefix, ErrorOutputPrefix: errorPrefix, CustomTimeZone: zone }: Prefixes,
  extension: string,
): void {
  const parts = {
    deliveryStream,
    version: 9999,
    timeMs: longestTimeMs,
    timeZone: zone === '' ? undefined : zone,
    uuid: '-'.repeat(36),
    randomString: () => '-'.repeat(11),
  };
  const most = prefixKeys(prefix).length > 0 ? keyBytes - partitionKeyBytes : keyBytes;
  checkBytes('Prefix', objectName({ ...parts, prefix, extension }), most);
  const ofErrors = { prefix: errorPrefix, extension: '', errorOutputType: longestErrorOutputType };
  checkBytes('ErrorOutputPrefix', objectName({ ...parts, ...ofErrors }), keyBytes);
}

function checkBytes(member: string, name: string, most: number): void {
  if (Buffer.byteLength(name) > most)
    throw invalidArgument(
      `${member} makes names of objects that are longer than the ${most} bytes that S3 leaves for them.`,
    );
}

/** Throws InvalidArgumentException for prefixes that could not be evaluated; so that delivery never meets one. */
export function checkPrefixes({
  Prefix: prefix,
  ErrorOutputPrefix: errorPrefix,
  CustomTimeZone: zone,
}: Prefixes): void {
  const timeZone = zone === '' ? undefined : zone;
  checkPrefix('Prefix', prefix, timeZone);
  checkPrefix('ErrorOutputPrefix', errorPrefix, timeZone);
  if (prefix?.includes('!{') && (errorPrefix === undefined || errorPrefix === ''))
    throw invalidArgument('ErrorOutputPrefix cannot be null or empty when Prefix contains expressions.');
  if (errorPrefix?.includes('!{') && !errorPrefix.includes('!{firehose:error-output-type}'))
    throw invalidArgument(
      'ErrorOutputPrefix must contain at least one instance of !{firehose:error-output-type} expression.',
    );
}

function checkPrefix(member: string, prefix: string | undefined, timeZone: string | undefined): void {
  formatChecked(member, defaultTimes, timeZone);
  // Neither a URL nor a file system can say them.
  if (prefix?.isWellFormed() === false || prefix?.includes('\0') === true)
    throw invalidArgument(`${member} has a character that names of objects cannot have.`);
  for (const [whole, namespace, value] of (prefix ?? '').matchAll(expressions)) {
    const isRandom = namespace === 'firehose' && value === 'random-string';
    const isErrorType = namespace === 'firehose' && value === 'error-output-type' && member === 'ErrorOutputPrefix';
    if (namespace === 'timestamp') formatChecked(member, value ?? '', timeZone);
    else if (member === 'Prefix' && isKeySource(namespace ?? '') && value !== undefined && value !== '') continue;
    else if (!isRandom && !isErrorType)
      throw invalidArgument(`${member} has the expression ${whole}, which it cannot have.`);
  }
  if ((prefix ?? '').replace(expressions, '').includes('!{'))
    throw invalidArgument(`${member} has an expression that does not end.`);
}

function formatChecked(member: string, pattern: string, timeZone: string | undefined): void {
  try {
    formatTime(pattern, 0, timeZone);
  } catch (error) {
    throw invalidArgument(`${member}: ${(error as Error).message}`);
  }
}
