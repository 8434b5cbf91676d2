import type { Readable } from 'node:stream';
import type { ByteBudget } from '@millrace/world';

/** The body is larger than the server takes, or not what its length said. */
export class BodyError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * Reads a request's body whole. `declared` is its Content-Length, or undefined (chunked, HTTP/2 without one). The budget is
 * asked before a byte is read; answers the body and what must be given back to the budget.
 */
export async function readBody(
  source: Readable,
  declared: number | undefined,
  { budget, bodyLimitBytes }: { budget: ByteBudget; bodyLimitBytes: number },
): Promise<{ body: Buffer; reserved: number }> {
  if (declared !== undefined && declared > bodyLimitBytes)
    throw new BodyError(413, `the body is larger than ${bodyLimitBytes} bytes`);
  // Of an unknown length the whole limit is reserved: rare, and never too little.
  const reserved = declared ?? bodyLimitBytes;
  const room = budget.acquire(reserved);
  if (room !== undefined) await room;
  try {
    return { body: await gather(source, reserved), reserved };
  } catch (error) {
    budget.release(reserved);
    throw error;
  }
}

function gather(source: Readable, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    source.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > limit) {
        source.pause();
        reject(new BodyError(413, `the body is larger than ${limit} bytes`));
      } else chunks.push(chunk);
    });
    source.once('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, length)));
    source.once('error', reject);
    source.once('close', () => reject(new BodyError(400, 'the client left before its body was whole')));
  });
}
