import { bytesHash, sequenceHash, stringHash } from './java-order.ts';
import type { MapShape, Shape, StructureShape } from './shapes.ts';

/**
 * A value as AWS's messages print it, the way Java's toString does:
 *
 *   list      = "[" value { ", " value } "]"
 *   map       = "{" key "=" value { ", " key "=" value } "}"      in the order of the request
 *   blob      = "java.nio.HeapByteBuffer[pos=0 lim=" n " cap=" n "]"
 *   structure = javaPackage "." name "@" hash                     hash in hexadecimal
 *
 * `javaPackage` is the service's, e.g. com.amazonaws.kinesis.v20131202.
 */
export function javaText(value: unknown, shape: Shape, javaPackage: string): string {
  if (value === null || value === undefined) return 'null';
  switch (shape.type) {
    case 'list': {
      const elements = (value as readonly unknown[]).map((element) => javaText(element, shape.element, javaPackage));
      return `[${elements.join(', ')}]`;
    }
    case 'map':
      return mapText(value as Record<string, unknown>, shape, javaPackage);
    case 'structure':
      return `${javaPackage}.${shape.name}@${(javaHash(value, shape, javaPackage) >>> 0).toString(16)}`;
    case 'blob': {
      const { length } = value as Buffer;
      return `java.nio.HeapByteBuffer[pos=0 lim=${length} cap=${length}]`;
    }
    default:
      return `${value as string | number | boolean}`;
  }
}

function mapText(map: Record<string, unknown>, shape: MapShape, javaPackage: string): string {
  const entries = Object.entries(map).map(([key, value]) => `${key}=${javaText(value, shape.value, javaPackage)}`);
  return `{${entries.join(', ')}}`;
}

/** Object.hashCode of a decoded value. */
function javaHash(value: unknown, shape: Shape, javaPackage: string): number {
  if (value === null || value === undefined) return 0;
  switch (shape.type) {
    case 'list':
      return sequenceHash(
        (value as readonly unknown[]).map((element) => javaHash(element, shape.element, javaPackage)),
      );
    case 'map': {
      let hash = 0;
      for (const [key, entry] of Object.entries(value)) {
        hash = (hash + (stringHash(key) ^ javaHash(entry, shape.value, javaPackage))) | 0;
      }
      return hash;
    }
    case 'structure':
      return structureHash(value as Record<string, unknown>, shape, javaPackage);
    case 'blob':
      return bytesHash(value as Buffer);
    case 'string':
      return stringHash(value as string);
    case 'boolean':
      return value === true ? 1231 : 1237;
    case 'integer':
      return (value as number) | 0;
    default:
      return longHash(value as number);
  }
}

/**
 * Arrays.hashCode of the hash of the class name, itself wrapped in an array, and the members by name. Yields the recorded
 * PutRecordsRequestEntry@c965e310 for an entry of an empty key and empty data.
 */
function structureHash(value: Record<string, unknown>, shape: StructureShape, javaPackage: string): number {
  const className = sequenceHash([stringHash(`${javaPackage}.${shape.name}`)]);
  const members = shape.members.map((member) => javaHash(value[member.name], member.shape, javaPackage));
  return sequenceHash([className, ...members]);
}

/** Long.hashCode: the upper half xor the lower. */
function longHash(value: number): number {
  const whole = Math.trunc(value);
  return Math.floor(whole / 2 ** 32) ^ (whole % 2 ** 32);
}
