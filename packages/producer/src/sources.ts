import { Writable } from 'node:stream';
import type { Producer } from './producer.ts';
import type { ProducerRecord, PutResult } from './types.ts';

/** Results that nobody has taken yet; more would be more memory. */
const mostResults = 10_000;

/** See Producer.putAll. */
export async function* putAll(
  producer: Producer,
  records: AsyncIterable<ProducerRecord> | Iterable<ProducerRecord>,
): AsyncGenerator<PutResult> {
  const results: Promise<PutResult>[] = [];
  for await (const record of records) {
    await producer.ready();
    const result = producer.put(record);
    // Told when its turn comes.
    result.catch(() => undefined);
    results.push(result);
    while (results.length > mostResults) yield await results.shift()!;
  }
  for (const result of results) yield await result;
}

/** See Producer.writable. */
export function writableOf(producer: Producer): Writable {
  const write = async (record: ProducerRecord, done: () => void): Promise<void> => {
    producer.put(record).catch((error: unknown) => writable.destroy(error as Error));
    await producer.ready();
    done();
  };
  const end = async (done: () => void): Promise<void> => {
    await producer.flush();
    done();
  };
  const writable = new Writable({
    objectMode: true,
    write: (record: ProducerRecord, _encoding, done) => void write(record, done),
    final: (done) => void end(done),
  });
  return writable;
}
