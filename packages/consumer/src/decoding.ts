import type { ConsumedRecord, ConsumerBehaviour } from './options.ts';

/** Calls of `decode` at once: it may ask a key service. */
const atOnce = 64;

export interface Decoded {
  /** With the data that were put, up to the first record that cannot be read. */
  readonly records: readonly ConsumedRecord[];
  /** What `decode` threw at the record behind them; undefined where it read all. */
  readonly failure: { readonly error: unknown } | undefined;
}

/** The records with the data that were put, where the caller says how they are read. */
export async function decoded(
  records: readonly ConsumedRecord[],
  { decode, stream }: { readonly decode: ConsumerBehaviour['decode'] | undefined; readonly stream: string },
): Promise<Decoded> {
  if (decode === undefined) return { records, failure: undefined };
  const done: ConsumedRecord[] = [];
  for (let from = 0; from < records.length; from += atOnce) {
    const outcomes = await Promise.allSettled(
      records.slice(from, from + atOnce).map(async (record) => {
        const { data, partitionKey } = record;
        return { ...record, data: await decode(data, { stream, partitionKey }) };
      }),
    );
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') return { records: done, failure: { error: outcome.reason } };
      done.push(outcome.value);
    }
  }
  return { records: done, failure: undefined };
}
