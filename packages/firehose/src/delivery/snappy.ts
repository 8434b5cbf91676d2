import type { World } from '@millrace/world';
import { compress } from 'snappyjs';
import type { Compressor } from './compression.ts';

/**
 * The two formats around Snappy that Firehose writes; neither is Snappy's own framing format.
 *
 *   snappy-java = 0x82 "SNAPPY" 0x00 version compatible block*      what its SnappyOutputStream writes
 *   block       = length snappy                                     the length of the compressed bytes
 *
 *   hadoop      = hadoop-block*                                     what Hadoop's SnappyCodec reads
 *   hadoop-block = plain-length length snappy
 *
 * Numbers are of four bytes, the highest first; version and compatible are 1. A block holds 32 KiB before compression, as
 * snappy-java's do, which AWS uses: what it delivers is equal to snappy-java's output.
 */
const blockBytes = 32 * 1024;
const snappyJavaHead = Buffer.from([0x82, ...Buffer.from('SNAPPY'), 0, 0, 0, 0, 1, 0, 0, 0, 1]);
/** Compressed in one turn of the event loop: one or two milliseconds, after which others have theirs. */
const turnBytes = 256 * 1024;

type Clock = Pick<World, 'clock'>;
/** What stands before a block, by its length before and after compression. */
type BlockHead = (plainBytes: number, bytes: number) => readonly Buffer[];

export function snappyJava(world: Clock): Compressor {
  return new SnappyBlocks(world, [snappyJavaHead], (_plainBytes, bytes) => [uint32(bytes)]);
}

export function hadoopSnappy(world: Clock): Compressor {
  return new SnappyBlocks(world, [], (plainBytes, bytes) => [uint32(plainBytes), uint32(bytes)]);
}

class SnappyBlocks implements Compressor {
  readonly #clock: World['clock'];
  readonly #head: BlockHead;
  #pieces: Buffer[];
  /** Less than a block: what the next piece is added to. */
  #rest: Buffer = Buffer.alloc(0);

  constructor({ clock }: Clock, begun: readonly Buffer[], head: BlockHead) {
    this.#clock = clock;
    this.#pieces = [...begun];
    this.#head = head;
  }

  async add(piece: Buffer): Promise<void> {
    const plain = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    const whole = plain.length - (plain.length % blockBytes);
    for (let from = 0; from < whole; from += turnBytes) {
      this.#compress(plain.subarray(from, Math.min(whole, from + turnBytes)));
      await new Promise<void>((resolve) => this.#clock.setTimer(0, resolve));
    }
    this.#rest = Buffer.from(plain.subarray(whole));
  }

  finish(): Promise<readonly Buffer[]> {
    this.#compress(this.#rest);
    return Promise.resolve(this.#pieces);
  }

  discard(): void {
    this.#pieces = [];
  }

  #compress(plain: Buffer): void {
    const blocks: Uint8Array[] = [];
    for (let from = 0; from < plain.length; from += blockBytes) {
      const block = plain.subarray(from, from + blockBytes);
      const bytes = compress(block);
      blocks.push(...this.#head(block.length, bytes.length), bytes);
    }
    // One copy: each of the compressor's results lies in memory for the worst case.
    if (blocks.length > 0) this.#pieces.push(Buffer.concat(blocks));
  }
}

function uint32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
