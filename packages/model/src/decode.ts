import { AwsError } from './aws-error.ts';
import { base64Problem, decodeBase64 } from './base64.ts';
import type { ListShape, MapShape, ScalarShape, Shape, StructureShape } from './shapes.ts';

// Rules, all seen in AWS's answers:
// - A body is read in its own order and the first wrong type ends it.
// - null is absence, wherever it stands. Members that the model does not know are dropped, whatever they hold.
// - A number may stand for any number type: fractions are cut off, and what does not fit becomes the nearest that does.
// - JSON's numbers are called TruncatingBigNumber.
//
// A decoder turns the parsed tree into the input in place: the tree is the request's own, most values stay as they are,
// and a second object for each of 500 records is what would cost most.

/** `bytesAllowed`: blobs may stand as bytes and timestamps as Dates (CBOR), beside base64 text and seconds. */
type Decoder = (value: unknown, bytesAllowed: boolean) => unknown;
type Tree = Record<string, unknown>;

const bigNumber = 'class com.amazon.coral.value.json.numbers.TruncatingBigNumber';

/** Compiles decoders; a shape that occurs often is compiled once. */
export class DecoderCompiler {
  private readonly compiled = new Map<Shape, Decoder>();

  /** A decoder of a whole input: a body of null, or none, is an empty structure. */
  input(shape: StructureShape): Decoder {
    const decode = this.decoder(shape);
    return (tree, bytesAllowed) => (tree === null || tree === undefined ? {} : decode(tree, bytesAllowed));
  }

  private decoder(shape: Shape): Decoder {
    const known = this.compiled.get(shape);
    if (known !== undefined) return known;
    switch (shape.type) {
      case 'structure':
        return this.structure(shape);
      case 'list':
        return this.list(shape);
      case 'map':
        return this.map(shape);
      default: {
        const decode = scalarDecoder(shape);
        this.compiled.set(shape, decode);
        return decode;
      }
    }
  }

  private structure(shape: StructureShape): Decoder {
    const members = new Map<string, Decoder>();
    const decode: Decoder = (value, bytesAllowed) => {
      if (isScalar(value, bytesAllowed)) throw serialization('Expected null');
      if (Array.isArray(value)) throw unexpectedList();
      const tree = value as Tree;
      // for…in, because its keys are read without a hash look-up; a parsed tree inherits nothing enumerable.
      // oxlint-disable-next-line guard-for-in
      for (const name in tree) {
        const member = members.get(name);
        const given = tree[name];
        if (member === undefined || given === null || given === undefined) {
          delete tree[name];
          continue;
        }
        const decoded = member(given, bytesAllowed);
        if (decoded !== given) tree[name] = decoded;
      }
      return tree;
    };
    this.compiled.set(shape, decode);
    for (const member of shape.members) members.set(member.name, this.decoder(member.shape));
    return decode;
  }

  private list(shape: ListShape): Decoder {
    let element: Decoder;
    const decode: Decoder = (value, bytesAllowed) => {
      if (isScalar(value, bytesAllowed)) throw serialization('Expected list or null');
      if (!Array.isArray(value)) throw unexpectedMap();
      for (let at = 0; at < value.length; at += 1) {
        const given: unknown = value[at];
        // A null stays for the checks to refuse: a list has no absent elements.
        if (given === null) continue;
        const decoded = element(given, bytesAllowed);
        if (decoded !== given) value[at] = decoded;
      }
      return value;
    };
    this.compiled.set(shape, decode);
    element = this.decoder(shape.element);
    return decode;
  }

  private map(shape: MapShape): Decoder {
    const decode: Decoder = (value, bytesAllowed) => {
      if (isScalar(value, bytesAllowed)) throw serialization('Expected map or null');
      if (Array.isArray(value)) throw unexpectedList();
      const tree = value as Tree;
      const element = this.decoder(shape.value);
      for (const [key, given] of Object.entries(tree)) {
        if (given === null || given === undefined) continue;
        const decoded = element(given, bytesAllowed);
        if (decoded !== given) tree[key] = decoded;
      }
      return tree;
    };
    this.compiled.set(shape, decode);
    this.decoder(shape.value);
    return decode;
  }
}

/** Bytes and Dates, which only CBOR has, are objects to JavaScript. */
function isScalar(value: unknown, bytesAllowed: boolean): boolean {
  return typeof value !== 'object' || (bytesAllowed && (value instanceof Uint8Array || value instanceof Date));
}

function scalarDecoder(shape: ScalarShape): Decoder {
  switch (shape.type) {
    case 'string':
      return (value) => (typeof value === 'string' ? value : refuse(value, 'an String'));
    case 'integer':
      return (value) => wholeNumber(value, 'an Integer', 2 ** 31);
    case 'long':
      return (value) => wholeNumber(value, 'a Long', 2 ** 63);
    case 'double':
      return (value) => number(value, 'a Double');
    case 'float':
      return (value) => number(value, 'a Float');
    case 'boolean':
      return truth;
    case 'blob':
      return blob;
    case 'timestamp':
      return timestamp;
  }
}

function number(value: unknown, type: string): number {
  if (typeof value === 'number') return value;
  return typeof value === 'bigint' ? Number(value) : refuse(value, type);
}

/** `limit` is one more than the type's greatest value. */
function wholeNumber(value: unknown, type: string, limit: number): number {
  const given = number(value, type);
  if ((given | 0) === given) return given;
  if (Number.isNaN(given)) return 0;
  return Math.trunc(Math.min(Math.max(given, -limit), limit - 1)) + 0;
}

/** Text that says yes or no is taken for it, as AWS's own converter does. */
function truth(value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string') return refuse(value, 'an Boolean');
  const said = value.toUpperCase();
  if (said === 'TRUE' || said === '1' || said === 'YES') return true;
  if (said === 'FALSE' || said === '0' || said === 'NO') return false;
  throw serialization(`'${said}' can not be converted to an Boolean`);
}

function blob(value: unknown, bytesAllowed: boolean): Buffer {
  if (typeof value === 'string') {
    const bytes = decodeBase64(value);
    if (bytes !== undefined) return bytes;
    throw serialization(`'${value}' can not be converted to a Blob: ${base64Problem(value)}`);
  }
  if (bytesAllowed && value instanceof Uint8Array) {
    return Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  }
  return refuse(value, 'a Blob');
}

/** The farthest moments that a JavaScript Date holds. */
const farthestMs = 8.64e15;
const isoMoment = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)$/;

/** Seconds, whole or not, or an ISO 8601 text, to milliseconds. */
function timestamp(value: unknown, bytesAllowed: boolean): number {
  let ms = Number.NaN;
  if (typeof value === 'number' || typeof value === 'bigint') ms = Math.round(Number(value) * 1000);
  else if (typeof value === 'string' && isoMoment.test(value)) ms = Date.parse(value);
  else if (bytesAllowed && value instanceof Date) ms = value.getTime();
  if (Number.isNaN(ms)) return refuse(value, 'milliseconds since epoch');
  return Math.min(Math.max(ms, -farthestMs), farthestMs) + 0;
}

/** AWS's words for a scalar of another type than the model's `type` (with its article), or for a list or a map. */
function refuse(value: unknown, type: string): never {
  if (Array.isArray(value)) throw unexpectedList();
  switch (typeof value) {
    case 'boolean':
      throw serialization(`class java.lang.Boolean can not be converted to ${type}`);
    case 'string':
      throw serialization(`class java.lang.String can not be converted to ${type}`);
    case 'number':
    case 'bigint':
      throw serialization(`${bigNumber} can not be converted to ${type}`);
    default:
      if (value instanceof Uint8Array)
        throw serialization(`class java.nio.HeapByteBuffer can not be converted to ${type}`);
      if (value instanceof Date) throw serialization(`class java.util.Date can not be converted to ${type}`);
      throw unexpectedMap();
  }
}

function unexpectedList(): AwsError {
  return serialization('Start of list found where not expected');
}

function unexpectedMap(): AwsError {
  return serialization('Start of structure or map found where not expected.');
}

function serialization(message: string): AwsError {
  return new AwsError('SerializationException', message);
}
