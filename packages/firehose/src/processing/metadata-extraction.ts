import { invalidArgument } from '../errors.ts';
import type { ProcessorParameters } from './processor-parameters.ts';
import { ProcessingError } from './processing-error.ts';

/** Runs queries in jq: handed in by whoever opens the service. */
export interface QueryEngine {
  /** Resolves with why the query cannot be run at all; undefined where it can. */
  check(query: string): Promise<string | undefined>;
  /**
   * Runs the query on each text by itself, and resolves with an answer for each, in their order; what a text or the query does
   * wrong is its answer, also that it took too long or too much memory.
   */
  run(query: string, texts: readonly string[]): Promise<readonly QueryAnswer[]>;
  /** Ends all that runs. */
  stop(): Promise<void>;
}

/** All that a query gave for a text, or why it gave nothing. */
export type QueryAnswer = { readonly values: readonly unknown[] } | { readonly error: string };

/** Partition keys by their names. */
export type Keys = Readonly<Record<string, string>>;

/** How much goes into one call of the engine: its start costs as much as hundreds of records, and a long call blocks others. */
export const queryBatch = { records: 1000, bytes: 1 << 20 } as const;

/** The query of a processor MetadataExtraction. Throws InvalidArgumentException. */
export function metadataQuery({
  MetadataExtractionQuery: query,
  JsonParsingEngine: engine,
}: ProcessorParameters): string {
  if (query === undefined || engine === undefined)
    throw invalidArgument(
      'Processor MetadataExtraction must have the parameters MetadataExtractionQuery and JsonParsingEngine.',
    );
  if (engine !== 'JQ-1.6')
    throw invalidArgument('Processor MetadataExtraction takes the JsonParsingEngine JQ-1.6 only.');
  return query;
}

/** What a query's one answer, an object, has as partition keys. Throws ProcessingError. */
export function extractedKeys(answer: QueryAnswer): Keys {
  if ('error' in answer) throw extractionFailed(answer.error);
  const [value, ...more] = answer.values;
  if (more.length > 0 || typeof value !== 'object' || value === null || Array.isArray(value))
    throw extractionFailed('The query did not give one object.');
  return scalarsOf(value);
}

export function extractionFailed(message: string): ProcessingError {
  const outputType = 'metadata-extraction-failed';
  return new ProcessingError('DynamicPartitioning.MetadataExtractionFailed', message, { outputType });
}

/** Texts, numbers and truth values as they are written; what is none of them is no key. */
export function scalarsOf(value: object): Keys {
  // Without a prototype: a key may be called __proto__.
  const keys = Object.create(null) as Record<string, string>;
  for (const [name, one] of Object.entries(value as Record<string, unknown>))
    if (typeof one === 'string' || typeof one === 'number' || typeof one === 'boolean') keys[name] = String(one);
  return keys;
}
