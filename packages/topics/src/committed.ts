import type { Consumer } from '@platformatic/kafka';

/** What a broker answers to a fetch. */
export type FetchResponse = Awaited<ReturnType<Consumer['fetch']>>;
export type Partition = FetchResponse['responses'][number]['partitions'][number];
type Batch = NonNullable<Partition['records']>[number];

// Bits of a batch's attributes, and what a control record says (KIP-98).
const isTransactional = 0x10;
const isControl = 0x20;
const abortMarker = 0;

/**
 * The batches of a partition that count: without markers, and without what transactions wrote that were aborted. A broker
 * names those by their producer and first offset, and leaves it to the reader to pass over them until their marker.
 */
export function committedBatches({ records, abortedTransactions }: Partition): Batch[] {
  const waiting = [...(abortedTransactions ?? [])].sort((a, b) => Number(a.firstOffset - b.firstOffset));
  const aborted = new Set<bigint>();
  const committed: Batch[] = [];
  for (const batch of records ?? []) {
    while (waiting.length > 0 && waiting[0]!.firstOffset <= batch.firstOffset + BigInt(batch.lastOffsetDelta))
      aborted.add(waiting.shift()!.producerId);
    if ((batch.attributes & isControl) !== 0) {
      if (isAbort(batch)) aborted.delete(batch.producerId);
    } else if ((batch.attributes & isTransactional) === 0 || !aborted.has(batch.producerId)) committed.push(batch);
  }
  return committed;
}

/** A marker's key is its version and its type, two bytes each. */
function isAbort({ records }: Batch): boolean {
  return records[0]?.key?.readInt16BE(2) === abortMarker;
}
