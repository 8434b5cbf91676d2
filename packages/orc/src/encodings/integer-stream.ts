import { ByteBuilder } from '../byte-builder.ts';
import type { OutputStream } from '../output-stream.ts';
import { encodeIntegersV1 } from './rle-v1.ts';
import type { IsSigned } from './rle-v1.ts';
import { encodeIntegersV2 } from './rle-v2.ts';
import { encodeWideIntegersV2 } from './rle-v2-wide.ts';

/** Numbers within this are encoded as numbers: their differences and zigzags are exact. Others are bigints. */
export const narrowLimit = 2 ** 51;

const scratch = new ByteBuilder(8192);

/** A stream of integers in run length encoding. */
export class IntegerStream {
  readonly stream: OutputStream;
  readonly #isSigned: IsSigned;
  readonly #isV1: boolean;

  constructor(stream: OutputStream, isSigned: IsSigned, isV1: boolean) {
    this.stream = stream;
    this.#isSigned = isSigned;
    this.#isV1 = isV1;
  }

  /** The first `count` of integers within ±narrowLimit. */
  write(values: Float64Array, count: number): void {
    if (count === 0) return;
    if (this.#isV1) encodeIntegersV1(values, count, this.#isSigned, scratch);
    else encodeIntegersV2(values, count, this.#isSigned, scratch);
    this.#flush();
  }

  /** The same for any signed integers of 64 bits. */
  writeWide(values: BigInt64Array, count: number): void {
    if (this.#isV1) encodeIntegersV1(values, count, true, scratch);
    else encodeWideIntegersV2(values, count, scratch);
    this.#flush();
  }

  /** A position in it is one in the stream and the values of the run to skip: none, for runs end where positions are taken. */
  position(into: number[]): void {
    this.stream.position(into);
    into.push(0);
  }

  #flush(): void {
    this.stream.write(scratch.view());
    scratch.clear();
  }
}
