/** What snappyjs has no types of its own for. */
declare module 'snappyjs' {
  export function uncompress(compressed: Uint8Array): Uint8Array;
}
