/** Writers that note what was acknowledged, and a reader that holds what is stored against it. */
import assert from 'node:assert/strict';
import { untilActive } from './caller.ts';
import type { Call } from './caller.ts';

const writers = 8;

/** What writers put into stream `s`, and what of it was acknowledged. */
export class Ledger {
  /** Acknowledged ordinals by writer. */
  readonly acknowledged: Set<number>[] = Array.from({ length: writers }, () => new Set());
  readonly #next: number[] = Array.from({ length: writers }, () => 0);
  #stopped = false;

  async createStream(call: Call, shards = 3): Promise<void> {
    await call('CreateStream', { StreamName: 's', ShardCount: shards });
    await untilActive(call, 's');
  }

  /** Puts until the server is gone or `stop` is called. */
  async write(call: Call): Promise<void> {
    this.#stopped = false;
    await Promise.all(this.acknowledged.map((_, writer) => this.#writeAs(call, writer)));
  }

  stop(): void {
    this.#stopped = true;
  }

  get total(): number {
    return this.acknowledged.reduce((sum, { size }) => sum + size, 0);
  }

  async untilTotal(goal: number): Promise<void> {
    while (this.total < goal) await new Promise((resolve) => setTimeout(resolve, 1));
  }

  /** What is acknowledged now. */
  copy(): Set<number>[] {
    return this.acknowledged.map((ordinals) => new Set(ordinals));
  }

  /** A batch without an answer leaves its ordinals used and unacknowledged. */
  async #writeAs(call: Call, writer: number): Promise<void> {
    while (!this.#stopped) {
      const first = this.#next[writer]!;
      const ordinals = Array.from({ length: 20 }, (_, offset) => first + offset);
      this.#next[writer] = first + ordinals.length;
      const Records = ordinals.map((ordinal) => ({ PartitionKey: `writer-${writer}`, Data: payload(writer, ordinal) }));
      const answer = await call('PutRecords', { StreamName: 's', Records }).catch(() => undefined);
      if (answer === undefined) return;
      for (const [at, outcome] of (answer['Records'] as { SequenceNumber?: string }[]).entries())
        if (outcome.SequenceNumber !== undefined) this.acknowledged[writer]!.add(ordinals[at]!);
    }
  }

  /**
   * Reads everything: records are whole, in order, once each, and were put by somebody; what `acknowledged` names is there.
   */
  async check(call: Call, acknowledged: readonly Set<number>[] = this.acknowledged): Promise<void> {
    for (const [writer, ordinals] of (await readAll(call)).entries()) {
      for (let at = 1; at < ordinals.length; at += 1)
        assert.ok(ordinals[at]! > ordinals[at - 1]!, `writer ${writer}: ${ordinals[at]} after ${ordinals[at - 1]}`);
      const present = new Set(ordinals);
      for (const ordinal of acknowledged[writer] ?? [])
        assert.ok(present.has(ordinal), `writer ${writer}: acknowledged ${ordinal} is lost`);
      assert.ok(
        ordinals.every((ordinal) => ordinal < this.#next[writer]!),
        'a record that nobody put',
      );
    }
  }
}

function payload(writer: number, ordinal: number): string {
  return Buffer.from(`${writer}:${ordinal}:${'x'.repeat(ordinal % 300)}`).toString('base64');
}

async function readAll(call: Call): Promise<number[][]> {
  const found: number[][] = Array.from({ length: writers }, () => []);
  const { Shards: shards } = (await call('ListShards', { StreamName: 's' })) as unknown as {
    Shards: { ShardId: string }[];
  };
  for (const { ShardId } of shards) {
    const start = await call('GetShardIterator', { StreamName: 's', ShardId, ShardIteratorType: 'TRIM_HORIZON' });
    let iterator = start['ShardIterator'] as string;
    for (;;) {
      const page = (await call('GetRecords', { ShardIterator: iterator })) as unknown as {
        Records: { Data: string }[];
        NextShardIterator: string;
        MillisBehindLatest: number;
      };
      for (const { Data } of page.Records) {
        const [writer, ordinal] = Buffer.from(Data, 'base64').toString().split(':').map(Number);
        assert.equal(Data, payload(writer!, ordinal!), 'a torn record');
        found[writer!]!.push(ordinal!);
      }
      if (page.Records.length === 0 && page.MillisBehindLatest === 0) break;
      iterator = page.NextShardIterator;
    }
  }
  return found;
}
