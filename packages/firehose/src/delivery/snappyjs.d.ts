/** What snappyjs has no types of its own for. */
declare module 'snappyjs' {
  export function compress(uncompressed: Uint8Array): Uint8Array;
}
