/** Counts what is written to each shard; read and set to zero once a minute. */
export class Traffic {
  #byLog = new Map<number, { bytes: number; records: number }>();

  note(logId: number, bytes: number, records: number): void {
    const entry = this.#byLog.get(logId);
    if (entry === undefined) this.#byLog.set(logId, { bytes, records });
    else {
      entry.bytes += bytes;
      entry.records += records;
    }
  }

  take(): ReadonlyMap<number, { readonly bytes: number; readonly records: number }> {
    const taken = this.#byLog;
    this.#byLog = new Map();
    return taken;
  }
}
