/** The program of a thread that runs queries, one call after the other; its end is all that ends one that does not end. */
import { parentPort } from 'node:worker_threads';
import { openJq } from './jq-runner.ts';

export type ToJq =
  | { readonly type: 'check'; readonly query: string }
  | { readonly type: 'run'; readonly query: string; readonly texts: readonly string[] };

const mostBytes = 256 << 20;
const pageBytes = 65_536;

interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

// A thread's limits do not count WebAssembly's memory: jq is refused more where it asks for it. Node's types do not name it.
const { prototype } = (globalThis as unknown as { WebAssembly: { Memory: { prototype: Memory } } }).WebAssembly.Memory;
const { grow } = prototype;
prototype.grow = function limited(this: Memory, pages: number): number {
  if (this.buffer.byteLength + pages * pageBytes > mostBytes) throw new RangeError('jq has no more memory');
  return grow.call(this, pages);
};

const jq = openJq();

parentPort!.on('message', (message: ToJq) => {
  void jq.then(({ check, run }) => {
    const answer = message.type === 'check' ? check(message.query) : run(message.query, message.texts);
    parentPort!.postMessage(answer, []);
  });
});
