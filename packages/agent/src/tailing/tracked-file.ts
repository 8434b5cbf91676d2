import type { File, FileStat } from '@millrace/world';
import type { Checkpoint } from '../checkpoints/checkpoint-store.ts';
import { fingerprintOf, headBytes, tailBytes } from './fingerprint.ts';

/** A place in a content, and the bytes before it. */
export interface Position {
  readonly offset: number;
  tail: Buffer;
}

export const start: Position = { offset: 0, tail: Buffer.alloc(0) };

/** As the Java agent writes it, which prints java.nio's file key. */
export function fileIdOf({ device, inode }: FileStat): string {
  return `(dev=${device.toString(16)},ino=${inode})`;
}

/**
 * A content that is tailed, and the file that it stands in now. A rename changes the path alone. After a copy and truncation the
 * content goes on in the copy, another file; what is written to the truncated one is another content.
 *
 * The offset is always where a record begins: what is behind it and not whole yet is read again when there is more.
 */
export class TrackedFile {
  path: string;
  id: string;
  /** Open as long as it may change: then it can be read to its end whatever becomes of its names, and its inode is nobody else's. */
  file: File | undefined;
  /** Whether the last listing had it. */
  isListed = true;
  /** Nothing behind the offset is a record (see fileFooterPattern). */
  isEnded = false;
  /** The rest of a record that was longer than the buffer is passed over. */
  isDiscarding = false;
  /** All of it so far is zeros that nobody wrote. */
  isInHole = false;
  /** Lines of the header that are still to come; undefined where nothing was read. */
  headerLinesLeft: number | undefined;
  position: Position;
  /** Up to which all records are stored. */
  stored: Position;
  head: Buffer;
  /** More is there than was read at once. */
  isUnread = false;
  /** Behind the position there is a whole line. */
  restHasLine = false;
  /** Its path is another file's, or nobody's: who wrote it has most likely gone on to another. */
  isLeft = false;
  seenSize = -1;
  seenModifiedMs = 0;
  changedAtMs = -Infinity;
  nextLookMs = -Infinity;
  /** Its lines come first: it had the path before, or is where this content's file was copied to. */
  predecessor: TrackedFile | undefined;
  /** The checkpoint is not what was last saved. */
  isDirty = true;
  /** How much of it is read at once. */
  chunkBytes = 0;

  constructor(path: string, id: string, { file, position, head }: { file: File; position: Position; head: Buffer }) {
    this.path = path;
    this.id = id;
    this.file = file;
    this.position = position;
    this.stored = position;
    this.head = head;
  }

  /** Everything that is there was read, but for a record that is not whole yet. */
  get isAtEnd(): boolean {
    return this.isEnded || this.position.offset >= this.seenSize;
  }

  get size(): number {
    return Math.max(this.seenSize, this.position.offset);
  }

  /** Up to which all records are stored. */
  get offset(): number {
    return this.stored.offset;
  }

  get bytesBehind(): number {
    return this.isEnded ? 0 : Math.max(0, this.seenSize - this.stored.offset);
  }

  checkpoint(): Checkpoint {
    const { offset, tail } = this.stored;
    return {
      path: this.path,
      fileId: this.id,
      lastModifiedMs: this.seenModifiedMs,
      size: Math.max(this.seenSize, offset),
      offset,
      fingerprint: fingerprintOf(offset, this.head, tail),
    };
  }
}

/** Reads up to `length` bytes at `position`; fewer only at the end of the file. */
export async function readAt(file: File, position: number, length: number): Promise<Buffer> {
  const target = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const read = await file.read(target, filled, length - filled, position + filled);
    if (read === 0) break;
    filled += read;
  }
  return target.subarray(0, filled);
}

/** What is remembered of a content at an offset. */
export async function positionAt(file: File, offset: number): Promise<{ position: Position; head: Buffer }> {
  const length = Math.min(tailBytes, offset);
  const tail = await readAt(file, offset - length, length);
  return { position: { offset, tail }, head: await readAt(file, 0, Math.min(headBytes, offset)) };
}
