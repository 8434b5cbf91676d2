import type { ConsumedRecord, ConsumerBehaviour } from './options.ts';

/** Calls of `decode` at once: it may ask a key service. */
const atOnce = 64;

/** The records with the data that were put, where the caller says how they are read. Throws what `decode` throws. */
export async function decoded(
  records: readonly ConsumedRecord[],
  { decode, stream }: { readonly decode: ConsumerBehaviour['decode'] | undefined; readonly stream: string },
): Promise<readonly ConsumedRecord[]> {
  if (decode === undefined) return records;
  const done: ConsumedRecord[] = [];
  for (let from = 0; from < records.length; from += atOnce)
    done.push(
      ...(await Promise.all(
        records.slice(from, from + atOnce).map(async (record) => {
          const { data, partitionKey } = record;
          return { ...record, data: await decode(data, { stream, partitionKey }) };
        }),
      )),
    );
  return done;
}
