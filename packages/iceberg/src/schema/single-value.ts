import type { PrimitiveType } from './types.ts';

/**
 * A value's bytes as bounds have them (https://iceberg.apache.org/spec/#binary-single-value-serialization): numbers lower byte
 * first, decimals and uuids higher byte first.
 */
export function singleValue(type: PrimitiveType, value: unknown): Buffer {
  switch (type.kind) {
    case 'boolean':
      return Buffer.from([value === true ? 1 : 0]);
    case 'int':
    case 'date': {
      const bytes = Buffer.alloc(4);
      bytes.writeInt32LE(Number(value));
      return bytes;
    }
    case 'long':
    case 'time':
    case 'timestamp':
    case 'timestamptz': {
      const bytes = Buffer.alloc(8);
      bytes.writeBigInt64LE(BigInt(value as number | bigint));
      return bytes;
    }
    case 'float': {
      const bytes = Buffer.alloc(4);
      bytes.writeFloatLE(value as number);
      return bytes;
    }
    case 'double': {
      const bytes = Buffer.alloc(8);
      bytes.writeDoubleLE(value as number);
      return bytes;
    }
    case 'decimal':
      return unscaledBytes(BigInt(value as number | bigint));
    case 'string':
      return Buffer.from(value as string);
    case 'uuid':
      return uuidBytes(value as bigint);
    case 'binary':
      return Buffer.from(value as Uint8Array);
  }
}

/** Two's complement in as few bytes as it takes. */
export function unscaledBytes(value: bigint): Buffer {
  let length = 1;
  while (BigInt.asIntN(length * 8, value) !== value) length += 1;
  return fixedBytes(value, length);
}

/** Two's complement in so many bytes. */
export function fixedBytes(value: bigint, length: number): Buffer {
  return Buffer.from(
    BigInt.asUintN(length * 8, value)
      .toString(16)
      .padStart(length * 2, '0'),
    'hex',
  );
}

export function uuidBytes(value: bigint): Buffer {
  return fixedBytes(value, 16);
}
