import type { OrcType } from '@millrace/orc';
import { RecordError, unreadable } from '../errors.ts';
import { WrittenNumber } from '../json/number-text.ts';
import type { Reader, Rules } from './reader.ts';

/** true and false; by OpenX also as texts, in any case. */
export function booleanReader(path: string, { isLenient }: Rules): Reader {
  return (value) => {
    if (typeof value === 'boolean') return value;
    if (isLenient && typeof value === 'string') {
      const text = value.toLowerCase();
      if (text === 'true' || text === 'false') return text === 'true';
    }
    throw unreadable(typeof value === 'string' ? value : JSON.stringify(value), path);
  };
}

/** Texts; numbers as they are written, booleans; by OpenX the JSON of objects and arrays. */
export function textReader(
  type: Extract<OrcType, { kind: 'char' | 'varchar' }> | { readonly kind: string },
  path: string,
  { isLenient, record, target }: Rules,
): Reader {
  const read: Reader = (value) => {
    if (typeof value === 'string') return value;
    if (typeof value === 'number') return record.textOf(value);
    if (typeof value === 'boolean') return `${value}`;
    if (value instanceof WrittenNumber) return value.text;
    if (isLenient) {
      // A number in there is to stay as it is written too.
      record.textOf(0);
      return JSON.stringify(value);
    }
    throw new RecordError(
      'DataFormatConversion.MalformedData',
      `One or more fields have incorrect format. Exception when validating field (${path})`,
    );
  };
  if (!('length' in type) || !target.cutsTexts) return read;
  const { kind, length } = type;
  return (value) => {
    const text = cut(read(value) as string, length);
    return kind === 'char' ? text.replace(/ +$/, '') : text;
  };
}

/** The first characters of a text; a pair of surrogates is one. */
function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  let at = 0;
  for (let count = 0; count < length && at < text.length; count += 1) at += text.codePointAt(at)! > 0xff_ff ? 2 : 1;
  return text.slice(0, at);
}

const base64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Texts of base64, padded. */
export function binaryReader(path: string): Reader {
  return (value) => {
    if (typeof value !== 'string' || value.length % 4 !== 0 || !base64.test(value))
      throw unreadable(typeof value === 'string' ? value : JSON.stringify(value), path);
    return Buffer.from(value, 'base64');
  };
}
