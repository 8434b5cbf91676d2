import { ByteBuilder } from './byte-builder.ts';

const varintType = 0;
const fixed64Type = 1;
const lengthType = 2;

/** One protobuf message being written: ORC's metadata are nothing else. Fields of undefined are left out. */
export class Message {
  readonly #bytes = new ByteBuilder(64);

  uint(field: number, value: number | bigint | undefined): this {
    if (value === undefined) return this;
    this.#tag(field, varintType);
    if (typeof value === 'bigint') this.#bytes.wideVarint(value);
    else this.#bytes.varint(value);
    return this;
  }

  /** sint32 and sint64. */
  sint(field: number, value: number | bigint | undefined): this {
    if (value === undefined) return this;
    this.#tag(field, varintType);
    this.#bytes.signedVarint(typeof value === 'bigint' || Math.abs(value) <= 2 ** 51 ? value : BigInt(value));
    return this;
  }

  double(field: number, value: number | undefined): this {
    if (value === undefined) return this;
    this.#tag(field, fixed64Type);
    this.#bytes.reserve(8);
    this.#bytes.length = this.#bytes.bytes.writeDoubleLE(value, this.#bytes.length);
    return this;
  }

  bytes(field: number, value: Uint8Array | undefined): this {
    if (value === undefined) return this;
    this.#tag(field, lengthType);
    this.#bytes.varint(value.length);
    this.#bytes.append(value);
    return this;
  }

  text(field: number, value: string | undefined): this {
    return value === undefined ? this : this.bytes(field, Buffer.from(value));
  }

  packed(field: number, values: readonly number[]): this {
    if (values.length === 0) return this;
    const inner = new ByteBuilder(values.length * 2);
    for (const value of values) inner.varint(value);
    return this.bytes(field, inner.view());
  }

  message(field: number, value: Message | undefined): this {
    return value === undefined ? this : this.bytes(field, value.view());
  }

  view(): Buffer {
    return this.#bytes.view();
  }

  #tag(field: number, wireType: number): void {
    this.#bytes.varint(field * 8 + wireType);
  }
}
