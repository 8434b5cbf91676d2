import type { Entry } from './entry.ts';

/** Records of one PutRecords. */
export const mostRecords = 500;
/** A request may have 10 MiB; less is as fast, keeps memory small and a retry short. A larger record goes alone. */
const mostBytes = 1 << 20;

/** The records of a request that is being made. */
export class Batch {
  readonly entries: Entry[] = [];
  #bytes = 0;

  /** A suspect goes alone. */
  fits(entry: Entry): boolean {
    const [first] = this.entries;
    if (first === undefined) return true;
    return (
      this.entries.length < mostRecords &&
      this.#bytes + entry.bytes <= mostBytes &&
      !first.isSuspect &&
      !entry.isSuspect
    );
  }

  add(entry: Entry): void {
    this.entries.push(entry);
    this.#bytes += entry.bytes;
  }
}
