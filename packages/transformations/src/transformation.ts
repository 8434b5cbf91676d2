import { isUtf8 } from 'node:buffer';

/** What Firehose calls a function with that transforms records. */
export interface TransformationEvent {
  readonly records: readonly { readonly recordId: string; readonly data: string }[];
}

/** What it takes back: every record of the event, by its id, once. */
export interface TransformationAnswer {
  readonly records: readonly TransformedRecord[];
}

export interface TransformedRecord {
  readonly recordId: string;
  readonly result: 'Ok' | 'Dropped' | 'ProcessingFailed';
  readonly data: string;
}

/** What becomes of one record's data: undefined drops the record. Throws RecordError for what it cannot read. */
export type Convert = (data: Buffer) => string | Uint8Array | undefined | Promise<string | Uint8Array | undefined>;

/** This record cannot be transformed; the others can. */
export class RecordError extends Error {
  override readonly name = 'RecordError';
}

/** What the function's environment says is no way to transform anything. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * A handler of Firehose's event. The environment is read with the first event, so that a wrong one is that event's error and not
 * one of loading. A record that fails goes back as it came, with ProcessingFailed, as in AWS's blueprints: Firehose writes it to
 * the error prefix.
 */
export function transformation(
  create: (environment: Environment) => Convert,
): (event: TransformationEvent) => Promise<TransformationAnswer> {
  let convert: Convert | undefined;
  return async (event) => {
    convert ??= create(process.env);
    const records: TransformedRecord[] = [];
    let [failures, firstReason] = [0, ''];
    for (const { recordId, data } of event.records) {
      const outcome = await transformed(convert, data);
      if (outcome.result === 'ProcessingFailed') {
        if (failures === 0) firstReason = `record ${recordId}: ${outcome.reason}`;
        failures += 1;
      }
      records.push({ recordId, result: outcome.result, data: outcome.data });
    }
    if (failures > 0) console.warn(`${failures} of ${records.length} records failed; ${firstReason.slice(0, 500)}`);
    return { records };
  };
}

type Outcome =
  | { readonly result: 'Ok' | 'Dropped'; readonly data: string }
  | { readonly result: 'ProcessingFailed'; readonly data: string; readonly reason: string };

async function transformed(convert: Convert, data: string): Promise<Outcome> {
  try {
    const output = await convert(Buffer.from(data, 'base64'));
    if (output === undefined) return { result: 'Dropped', data };
    const bytes =
      typeof output === 'string' ? Buffer.from(output) : Buffer.from(output.buffer, output.byteOffset, output.length);
    return { result: 'Ok', data: bytes.toString('base64') };
  } catch (error) {
    if (error instanceof SettingsError) throw error;
    // Whatever a library finds in the record's bytes, too: one record must not keep the others from being delivered.
    return { result: 'ProcessingFailed', data, reason: (error as Error).message };
  }
}

/** Throws RecordError for bytes that are no text. */
export function textOf(data: Buffer): string {
  if (!isUtf8(data)) throw new RecordError('the record is not UTF-8');
  return data.toString();
}

/** One of the words that a variable may have. Throws SettingsError. */
export function choice<Word extends string>(environment: Environment, variable: string, words: readonly Word[]): Word {
  const value = environment[variable] ?? words[0]!;
  const word = words.find((one) => one === value);
  if (word === undefined) throw new SettingsError(`${variable} is one of ${words.join(', ')}, not ${value}`);
  return word;
}
