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
  const source = { isOver: false, isLeft: false };
  let changed = Promise.withResolvers<void>();
  const told = (): void => {
    changed.resolve();
    changed = Promise.withResolvers();
  };
  /** Goes on while results are taken: a source that is slow keeps no result back, results that are not taken stop it. */
  const pump = async (): Promise<void> => {
    for await (const record of records) {
      while (!source.isLeft && results.length >= mostResults) await changed.promise;
      await producer.ready();
      if (source.isLeft) return;
      const result = producer.put(record);
      // Told when its turn comes.
      result.catch(() => undefined);
      results.push(result);
      told();
    }
  };
  const pumped = pump().finally(() => {
    source.isOver = true;
    told();
  });
  pumped.catch(() => undefined);
  try {
    while (!source.isOver || results.length > 0) {
      const next = results[0];
      if (next === undefined) {
        await changed.promise;
        continue;
      }
      const result = await next;
      void results.shift();
      told();
      yield result;
    }
    await pumped;
  } finally {
    source.isLeft = true;
    told();
  }
}

/** See Producer.writable. */
export function writableOf(producer: Producer): Writable {
  const write = async (record: ProducerRecord, done: () => void): Promise<void> => {
    // Before the put: others may have filled the producer.
    await producer.ready();
    producer.put(record).catch((error: unknown) => writable.destroy(error as Error));
    done();
  };
  // A record that fails destroys the stream before this is done: its promise is settled first.
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
