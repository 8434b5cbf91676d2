import type { IcebergField, IcebergType, StructType } from '@millrace/iceberg';
import { parquetTarget } from '../conversion.ts';
import { misfit, missingColumn, noColumn } from '../errors.ts';
import { RecordText } from '../json/number-text.ts';
import { isObject } from '../readers/make-reader.ts';
import { decimalReader, floatReader, integerReader } from '../readers/numbers.ts';
import type { Reader, Rules } from '../readers/reader.ts';
import { StructReader } from '../readers/struct-reader.ts';
import { booleanReader, textReader } from '../readers/texts.ts';
import { RowReader } from '../row-reader.ts';
import { openXTimes } from '../times/time-reader.ts';
import { bytesReader, dateReader, timeReader, timestampReader, uuidReader } from './value-readers.ts';

const sameKey = (key: string): string => key;

/**
 * Reads records by an Iceberg table's schema, as Firehose does
 * (https://docs.aws.amazon.com/firehose/latest/dev/apache-iceberg-considerations.html): names and types have to match, and a
 * field that is no column is skipped. A record with none of the columns is refused.
 */
export function tableReader(schema: StructType): RowReader {
  const record = new RecordText();
  const rules: Rules = {
    isLenient: false,
    foldKey: sameKey,
    foldMapKey: undefined,
    keyOf: sameKey,
    times: openXTimes,
    record,
    target: parquetTarget,
  };
  const read = structReader(schema.fields, '', rules);
  const names = new Set(schema.fields.map(({ name }) => name));
  return new RowReader(record, (document) => {
    const row = read(document) as unknown[];
    if (row.every((value) => value === null) && !Object.keys(document).some((key) => names.has(key))) throw noColumn();
    return row;
  });
}

function structReader(fields: readonly IcebergField[], path: string, rules: Rules): Reader {
  const paths = fields.map(({ name }) => (path === '' ? name : `${path}.${name}`));
  const struct = new StructReader(
    fields.map(({ name, type }, index) => ({ name, read: typeReader(type, paths[index]!, rules) })),
    rules,
  );
  const required = fields.flatMap(({ isRequired }, index) => (isRequired ? [index] : []));
  return (value) => {
    if (!isObject(value)) throw misfit('java.io.IOException: Start of Object expected', path);
    const values = struct.read(value);
    for (const index of required) if (values[index] === null) throw missingColumn(paths[index]!);
    return values;
  };
}

function typeReader(type: IcebergType, path: string, rules: Rules): Reader {
  switch (type.kind) {
    case 'boolean':
      return booleanReader(path, rules);
    case 'int':
      return integerReader('int', path, rules);
    case 'long':
      return integerReader('bigint', path, rules);
    case 'float':
    case 'double':
      return floatReader(type.kind, path, rules);
    case 'decimal':
      // Texts too: many writers of JSON have nothing but doubles.
      return decimalReader(type, path, { ...rules, isLenient: true });
    case 'string':
      return textReader(type, path, rules);
    case 'binary':
      return bytesReader(path);
    case 'date':
      return dateReader(path, rules);
    case 'time':
      return timeReader(path, rules);
    case 'timestamp':
    case 'timestamptz':
      return timestampReader(path, rules);
    case 'uuid':
      return uuidReader(path);
    case 'list':
      return listReader(type, path, rules);
    case 'map':
      return mapReader(type, path, rules);
    case 'struct':
      return structReader(type.fields, path, rules);
  }
}

function listReader(type: Extract<IcebergType, { kind: 'list' }>, path: string, rules: Rules): Reader {
  const read = innerReader(type.element, type.isElementRequired, `${path}[]`, rules);
  return (value) => {
    if (!Array.isArray(value)) throw misfit('java.io.IOException: Start of Array expected', path);
    return value.map(read);
  };
}

function mapReader(type: Extract<IcebergType, { kind: 'map' }>, path: string, rules: Rules): Reader {
  // Keys of JSON are texts, whatever the map's are.
  const readKey = typeReader(type.key, `${path}[key]`, { ...rules, isLenient: true });
  const read = innerReader(type.value, type.isValueRequired, `${path}[value]`, rules);
  return (value) => {
    if (!isObject(value)) throw misfit('java.io.IOException: Start of Object expected', path);
    const pairs = Object.keys(value).map((key) => [readKey(key), read(value[key])] as const);
    // "1" and "01" are one int: the later counts, as with two equal keys of JSON.
    return type.key.kind === 'string' ? pairs : [...new Map(pairs)];
  };
}

function innerReader(type: IcebergType, isRequired: boolean, path: string, rules: Rules): Reader {
  const read = typeReader(type, path, rules);
  return (value) => {
    if (value !== null) return read(value);
    if (isRequired) throw missingColumn(path);
    return null;
  };
}
