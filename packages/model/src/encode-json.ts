import type { ListShape, MapShape, ScalarShape, Shape, StructureShape } from './shapes.ts';

// Rules: absent and null members are left out; blobs are base64; timestamps are seconds with at most three decimals, never
// with an exponent; an event stream is not part of the text, its messages are encoded one by one.

export type JsonEncoder = (value: unknown) => string;

/** Compiles encoders; a shape that occurs often is compiled once. */
export class JsonEncoderCompiler {
  private readonly compiled = new Map<Shape, JsonEncoder>();

  encoder(shape: Shape): JsonEncoder {
    const known = this.compiled.get(shape);
    if (known !== undefined) return known;
    // Stands in while the shape's parts are compiled: a shape that holds itself calls what will be there by then.
    this.compiled.set(shape, (value) => this.encoder(shape)(value));
    const encode = this.compile(shape);
    this.compiled.set(shape, encode);
    return encode;
  }

  private compile(shape: Shape): JsonEncoder {
    switch (shape.type) {
      case 'structure':
        return this.structure(shape);
      case 'list':
        return this.list(shape);
      case 'map':
        return this.map(shape);
      default:
        return scalarEncoder(shape);
    }
  }

  private structure(shape: StructureShape): JsonEncoder {
    const members = shape.members
      .filter((member) => !isEventStream(member.shape))
      .map(({ name, shape: part }) => ({
        name,
        first: `{${JSON.stringify(name)}:`,
        next: `,${JSON.stringify(name)}:`,
        encode: this.encoder(part),
      }));
    return (value) => {
      const structure = value as Record<string, unknown>;
      let text = '';
      for (const member of members) {
        const part = structure[member.name];
        if (part === undefined || part === null) continue;
        text += (text === '' ? member.first : member.next) + member.encode(part);
      }
      return text === '' ? '{}' : `${text}}`;
    };
  }

  private list(shape: ListShape): JsonEncoder {
    const encode = this.encoder(shape.element);
    return (value) => {
      const list = value as readonly unknown[];
      if (list.length === 0) return '[]';
      let text = `[${encode(list[0])}`;
      for (let at = 1; at < list.length; at += 1) text += `,${encode(list[at])}`;
      return `${text}]`;
    };
  }

  private map(shape: MapShape): JsonEncoder {
    const encode = this.encoder(shape.value);
    return (value) => {
      const parts: string[] = [];
      for (const [key, entry] of Object.entries(value as object)) {
        if (entry !== undefined && entry !== null) parts.push(`${stringText(key)}:${encode(entry)}`);
      }
      return `{${parts.join(',')}}`;
    };
  }
}

function isEventStream(shape: Shape): boolean {
  return shape.type === 'structure' && shape.isEventStream;
}

function scalarEncoder(shape: ScalarShape): JsonEncoder {
  switch (shape.type) {
    case 'string':
      return (needsNoEscape(shape) ? plainText : stringText) as JsonEncoder;
    case 'blob':
      return blobText as JsonEncoder;
    case 'timestamp':
      return timestampText as JsonEncoder;
    case 'boolean':
      return (value) => (value === true ? 'true' : 'false');
    default:
      return (value) => String(value);
  }
}

/**
 * True when the model's pattern or set admits only characters that JSON takes as they are: [a-z…] classes, \\d, groups and
 * repetitions. What stands in an output under such a shape is the service's own name or number, or was checked on the way in.
 */
function needsNoEscape(shape: ScalarShape): boolean {
  if (shape.values !== undefined) return shape.values.every((value) => plain.test(value));
  if (shape.pattern === undefined) return false;
  return /^[\^$()|?+*]*(?:(?:\[[A-Za-z0-9_.-]+\]|\\d|[0-9])(?:\{\d+(?:,\d*)?\})?[\^$()|?+*]*)+$/.test(shape.pattern);
}

function plainText(value: string): string {
  return `"${value}"`;
}

/** Printable ASCII without quote and backslash needs no escape; all else goes the long way, with the same result. */
const plain = /^[ !#-[\]-~]*$/;

function stringText(value: string): string {
  return plain.test(value) ? `"${value}"` : JSON.stringify(value);
}

function blobText(value: Buffer): string {
  return `"${value.base64Slice(0, value.length)}"`;
}

let lastMs = 0;
let lastText = '0';

/** Records that arrived together share their time, so the last one is kept. */
function timestampText(ms: number): string {
  if (ms !== lastMs) {
    lastMs = ms;
    lastText = secondsText(Math.round(ms));
  }
  return lastText;
}

/** Put together from whole numbers: divided by a thousand, far moments would lose their milliseconds. */
function secondsText(ms: number): string {
  const size = Math.abs(ms);
  const rest = size % 1000;
  const seconds = `${ms < 0 ? '-' : ''}${(size - rest) / 1000}`;
  if (rest === 0) return seconds;
  const fraction = String(1000 + rest).slice(1);
  return `${seconds}.${fraction.replace(/0+$/, '')}`;
}

declare global {
  interface Buffer {
    /** Base64 of a range: what Buffer.toString calls, without its look at the encoding. */
    base64Slice(start: number, end: number): string;
  }
}
