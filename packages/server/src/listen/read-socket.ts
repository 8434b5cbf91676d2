import type { Socket } from 'node:net';

/** What all sockets are read into: one process reads one socket at a time. */
const shared = Buffer.allocUnsafeSlow(64 << 10);

/**
 * Hands what arrives to `use`, piece by piece; a piece is valid only until `use` returns, whoever keeps of it copies.
 *
 * Plain sockets are read into one buffer instead of a new one of 64 KiB each time: an eighth of the CPU of PutRecords
 * (docs/performance.md). For client sockets node has this as the option `onread`; for accepted ones the same fields are set
 * here, as lib/net.js does. Where a Node has them no more, or over TLS, pieces come as 'data' events.
 */
export function readSocket(socket: Socket, use: (piece: Buffer) => void): void {
  // What was read before stands in the stream and comes first.
  socket.on('data', use);
  const { _handle: handle } = socket as unknown as { _handle?: { useUserBuffer?(buffer: Buffer): void } };
  const fields = new Map(Object.getOwnPropertySymbols(socket).map((symbol) => [symbol.description, symbol]));
  const [buffer, callback] = [fields.get('kBuffer'), fields.get('kBufferCb')];
  if (handle?.useUserBuffer !== undefined && buffer !== undefined && callback !== undefined) {
    handle.useUserBuffer(shared);
    Object.assign(socket, { [buffer]: shared, [callback]: (length: number) => use(shared.subarray(0, length)) });
  }
  socket.resume();
}
