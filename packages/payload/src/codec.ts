/** Whose payload it is. Encryption binds it: a ciphertext that was moved to another stream or key does not decrypt. */
export interface PayloadContext {
  /** The stream's name. */
  readonly stream: string;
  readonly partitionKey: string;
}

/** One step of what happens to a payload on its way, and its reverse. May throw or reject: then the record is not put, or not read. */
export interface PayloadCodec {
  encode(data: Uint8Array, context: PayloadContext): Uint8Array | Promise<Uint8Array>;
  decode(data: Uint8Array, context: PayloadContext): Uint8Array | Promise<Uint8Array>;
}

/** The name in a stream's ARN (arn:aws:kinesis:REGION:ACCOUNT:stream/NAME), or the name itself. */
export function streamNameOf(stream: string): string {
  return stream.startsWith('arn:') ? stream.slice(stream.indexOf('/') + 1) : stream;
}
