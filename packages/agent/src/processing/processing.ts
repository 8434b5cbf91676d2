import { javaPattern } from '../configuration/java-pattern.ts';
import type { Step } from '../configuration/steps.ts';
import type { InstanceFacts } from './instance-facts.ts';
import { printJson } from './json-printer.ts';
import { logFormats } from './log-formats.ts';

/**
 * Makes another record of one, as it stands in the file with its line end; undefined passes over it. Throws where it cannot: then
 * the record goes as it was, as from AWS's agent.
 */
export type Process = (record: Buffer) => Buffer | undefined;

export interface ProcessingSurroundings {
  now(): number;
  instance(ttlMs: number): InstanceFacts;
}

type Options<Name extends Step['name']> = Extract<Step, { name: Name }>['options'];

/** The steps of a flow one after the other; undefined where there are none. */
export function createProcessing(steps: readonly Step[], around: ProcessingSurroundings): Process | undefined {
  if (steps.length === 0) return undefined;
  const chain = steps.map((step) => createStep(step, around));
  return (record) => {
    let result: Buffer | undefined = record;
    for (const process of chain) if (result !== undefined) result = process(result);
    return result;
  };
}

function createStep(step: Step, around: ProcessingSurroundings): Process {
  switch (step.name) {
    case 'SINGLELINE':
      return singleLine(step.options);
    case 'CSVTOJSON':
      return csvToJson(step.options);
    case 'LOGTOJSON':
      return logToJson(step.options);
    case 'ADDMETADATA':
      return addMetadata(step.options, around);
    case 'ADDEC2METADATA':
      return addEc2Metadata(step.options, around);
    default:
      // Also around the line end, as AWS's agent does it.
      return (record) => Buffer.concat([Buffer.from('{'), record, Buffer.from('}')]);
  }
}

function textOf(record: Buffer): string {
  const text = record.toString();
  return text.endsWith('\n') ? text.slice(0, -1) : text;
}

/** Java's trim: what is at most a space in the table of characters, at both ends. */
function trim(line: string): string {
  let start = 0;
  let end = line.length;
  while (start < end && line.charCodeAt(start) <= 32) start += 1;
  while (end > start && line.charCodeAt(end - 1) <= 32) end -= 1;
  return line.slice(start, end);
}

/** Java's split, without the empty parts at the end. */
function splitJava(text: string, delimiter: RegExp): string[] {
  const parts: string[] = [];
  let start = 0;
  for (const { 0: found, index } of text.matchAll(delimiter)) {
    if (found === '' && (index === 0 || index === text.length)) continue;
    parts.push(text.slice(start, index));
    start = index + found.length;
  }
  if (start === 0 && parts.length === 0) return [text];
  parts.push(text.slice(start));
  while (parts.at(-1) === '') parts.pop();
  return parts;
}

function singleLine({ parseOptions = [] }: Options<'SINGLELINE'>): Process {
  const isTrimmed = !parseOptions.includes('NO_TRIM');
  // Two backslashes: what AWS's agent writes.
  const between = parseOptions.includes('ESCAPE_NEW_LINE') ? '\\\\n' : '';
  return (record) => {
    const lines = splitJava(record.toString(), /\n/g);
    return Buffer.from(`${(isTrimmed ? lines.map(trim) : lines).join(between)}\n`);
  };
}

function csvToJson({ customFieldNames = [], delimiter, jsonFormat }: Options<'CSVTOJSON'>): Process {
  const pattern = javaPattern(delimiter, 'parts');
  return (record) => {
    const columns = splitJava(textOf(record), pattern);
    return jsonRecord(
      customFieldNames.map((name, at) => [name, columns[at] ?? null]),
      jsonFormat,
    );
  };
}

function logToJson({ logFormat, matchPattern, customFieldNames, jsonFormat }: Options<'LOGTOJSON'>): Process {
  const { pattern: usual, fields: usualFields, isDashNull } = logFormats[logFormat!];
  const pattern = matchPattern === undefined ? usual : javaPattern(matchPattern, 'whole');
  const fields = customFieldNames ?? usualFields;
  return (record) => {
    const match = pattern.exec(textOf(record));
    if (match === null) return undefined;
    return jsonRecord(
      fields.map((name, at) => [name, valueOf(match[at + 1], isDashNull)]),
      jsonFormat,
    );
  };
}

function valueOf(value: string | undefined, isDashNull: boolean): string | null {
  return value === undefined || (isDashNull && value === '-') ? null : value;
}

function addMetadata(
  { metadata, timestamp, jsonFormat }: Options<'ADDMETADATA'>,
  { now }: ProcessingSurroundings,
): Process {
  return (record) =>
    jsonRecord(
      [
        ...(timestamp ? ([['ts', new Date(now()).toISOString()]] as const) : []),
        ['metadata', metadata ?? null],
        ['data', textOf(record)],
      ],
      jsonFormat,
    );
}

/** Outside of EC2 records stay as they are. */
function addEc2Metadata(
  { metadataTTL, jsonFormat }: Options<'ADDEC2METADATA'>,
  { instance }: ProcessingSurroundings,
): Process {
  const facts = instance(metadataTTL * 1000);
  return (record) => {
    const known = facts.current();
    if (known === undefined) return record;
    const object: unknown = JSON.parse(record.toString());
    if (typeof object !== 'object' || object === null || Array.isArray(object))
      throw new Error('the record is not a JSON object');
    return jsonRecord(Object.entries({ ...object, ...known }), jsonFormat);
  };
}

/** Of two members of one name the last counts. */
function jsonRecord(members: readonly (readonly [string, unknown])[], format: 'COMPACT' | 'PRETTYPRINT'): Buffer {
  return Buffer.from(`${printJson(new Map(members), format)}\n`);
}
