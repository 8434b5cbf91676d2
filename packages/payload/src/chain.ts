import { streamNameOf } from './codec.ts';
import type { PayloadCodec } from './codec.ts';
import { compression } from './compression.ts';

/** The steps one after the other; the reverse in reverse order. */
export function chain(codecs: readonly PayloadCodec[]): PayloadCodec {
  return {
    encode: (data, context) =>
      inTurn(
        data,
        codecs.map((codec) => (bytes) => codec.encode(bytes, context)),
      ),
    decode: (data, context) =>
      inTurn(
        data,
        codecs.toReversed().map((codec) => (bytes) => codec.decode(bytes, context)),
      ),
  };
}

type Step = (data: Uint8Array) => Uint8Array | Promise<Uint8Array>;

/** Without a promise as long as no step makes one. */
function inTurn(data: Uint8Array, [step, ...rest]: readonly Step[]): Uint8Array | Promise<Uint8Array> {
  if (step === undefined) return data;
  const done = step(data);
  return done instanceof Uint8Array ? inTurn(done, rest) : done.then((bytes) => inTurn(bytes, rest));
}

/**
 * Reads what a producer has compressed, and encrypted where `encryption` is given: `(data, {stream, partitionKey})` to what was
 * put. For the consumer's `decode`, a Lambda function, or any other reader.
 */
export function payloadReader({
  encryption,
  maxBytes,
}: { readonly encryption?: PayloadCodec; readonly maxBytes?: number } = {}): PayloadCodec['decode'] {
  const decompression = compression(maxBytes === undefined ? {} : { maxBytes });
  const { decode } = chain(encryption === undefined ? [decompression] : [decompression, encryption]);
  return (data, context) => decode(data, { ...context, stream: streamNameOf(context.stream) });
}
