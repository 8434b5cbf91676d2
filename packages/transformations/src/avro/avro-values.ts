import type { Type, types } from 'avsc';
import { asWritten, isObject, WrittenNumber } from '../json-documents.ts';
import { logicalOf } from './avro-types.ts';
import { misfit, ValueError } from './codec.ts';
import type { Codec } from './codec.ts';
import { logicalCodec } from './logical-values.ts';

const specials = new Set<unknown>(['NaN', 'Infinity', '-Infinity']);

/** JSON has no NaN and no infinities: they are texts. */
const floating: Codec = {
  toJson: (value: number) => (Number.isFinite(value) ? value : String(value)),
  fromJson: (json, path) => {
    if (typeof json === 'number') return json;
    if (json instanceof WrittenNumber) return Number(json.text);
    return specials.has(json) ? Number(json) : misfit(json, path, 'number');
  },
};

const whole: Codec = {
  toJson: (value: number) => value,
  fromJson: (json, path) =>
    typeof json === 'number' && (json | 0) === json ? json : misfit(json, path, 'integer of 32 bits'),
};

const long: Codec = {
  toJson: (value: bigint) => (Number.isSafeInteger(Number(value)) ? Number(value) : asWritten(String(value))),
  fromJson: (json, path) => {
    const text = json instanceof WrittenNumber ? json.text : json;
    const isWhole = typeof text === 'number' ? Number.isSafeInteger(text) : typeof text === 'string' && json !== text;
    if (!isWhole || !/^-?\d+$/.test(String(text))) misfit(json, path, 'integer of 64 bits');
    const value = BigInt(text as number | string);
    return BigInt.asIntN(64, value) === value ? value : misfit(json, path, 'integer of 64 bits');
  },
};

const base64 = /^(?:[A-Za-z\d+/]{4})*(?:[A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=)?$/;

function binary(size?: number): Codec {
  const name = size === undefined ? 'base64' : `base64 of ${size} bytes`;
  return {
    toJson: (value: Buffer) => value.toString('base64'),
    fromJson: (json, path) => {
      const bytes =
        typeof json === 'string' && base64.test(json) ? Buffer.from(json, 'base64') : misfit(json, path, name);
      return size === undefined || bytes.length === size ? bytes : misfit(json, path, name);
    },
  };
}

function same(name: string, isOne: (json: unknown) => boolean): Codec {
  return {
    toJson: (value: unknown) => value,
    fromJson: (json, path) => (isOne(json) ? json : misfit(json, path, name)),
  };
}

/** Compiles types; a record that names itself finds the codec that is being made. */
export class Codecs {
  readonly #made = new Map<Type, Codec>();

  of(type: Type): Codec {
    const known = this.#made.get(type);
    if (known !== undefined) return known;
    const codec = { toJson: (value: unknown) => value, fromJson: (json: unknown) => json };
    this.#made.set(type, codec);
    return Object.assign(codec, this.#make(type));
  }

  #make(type: Type): Codec {
    const attributes = logicalOf(type);
    const special = attributes === undefined ? undefined : logicalCodec(type, attributes);
    return special ?? this.#plain(type);
  }

  #plain(type: Type): Codec {
    const { typeName } = type;
    if (typeName === 'null') return same('null', (json) => json === null);
    if (typeName === 'boolean') return same('boolean', (json) => typeof json === 'boolean');
    if (typeName === 'int') return whole;
    if (typeName === 'long' || typeName === 'abstract:long') return long;
    if (typeName === 'float' || typeName === 'double') return floating;
    if (typeName === 'string') return same('text', (json) => typeof json === 'string');
    if (typeName === 'bytes') return binary();
    if (typeName === 'fixed') return binary((type as types.FixedType).size);
    if (typeName === 'enum') {
      const { symbols } = type as types.EnumType;
      return same(`one of ${symbols.join(', ')}`, (json) => symbols.includes(json as string));
    }
    if (typeName === 'array') return this.#array(type as types.ArrayType);
    if (typeName === 'map') return this.#map(type as types.MapType);
    if (typeName.startsWith('union')) return this.#union(type as types.WrappedUnionType);
    return this.#record(type as types.RecordType);
  }

  #array({ itemsType }: types.ArrayType): Codec {
    const items = this.of(itemsType);
    return {
      toJson: (value: never[]) => value.map((each) => items.toJson(each)),
      fromJson: (json, path) =>
        Array.isArray(json)
          ? json.map((each, index) => items.fromJson(each, `${path}[${index}]`))
          : misfit(json, path, 'array'),
    };
  }

  #map({ valuesType }: types.MapType): Codec {
    const values = this.of(valuesType);
    return {
      toJson: (value: Record<string, never>) =>
        Object.fromEntries(Object.entries(value).map(([key, each]) => [key, values.toJson(each)])),
      fromJson: (json, path) =>
        isObject(json)
          ? Object.fromEntries(
              Object.entries(json).map(([key, each]) => [key, values.fromJson(each, below(path, key))]),
            )
          : misfit(json, path, 'map'),
    };
  }

  /** JSON has the value alone; back it is the first branch that has it. */
  #union({ types: branches }: types.WrappedUnionType): Codec {
    const codecs = branches.map((branch) => ({ name: branch.branchName!, codec: this.of(branch) }));
    const byName = new Map(codecs.map(({ name, codec }) => [name, codec]));
    return {
      toJson: (value: Record<string, never> | null) => {
        if (value === null) return null;
        const [[name, inner]] = Object.entries(value) as [[string, never]];
        return byName.get(name)!.toJson(inner);
      },
      fromJson: (json, path) => {
        for (const { name, codec } of codecs)
          try {
            const value = codec.fromJson(json, path);
            return name === 'null' ? null : { [name]: value };
          } catch (error) {
            if (!(error instanceof ValueError) || codecs.length === 1) throw error;
          }
        return misfit(json, path, codecs.map(({ name }) => name).join(' or '));
      },
    };
  }

  #record({ fields, name: recordName }: types.RecordType): Codec {
    const members = fields.map((field) => ({ name: field.name, field, codec: this.of(field.type) }));
    return {
      toJson: (value: Record<string, never>) =>
        Object.fromEntries(members.map(({ name, codec }) => [name, codec.toJson(value[name]!)])),
      fromJson: (json, path) => {
        if (!isObject(json)) return misfit(json, path, recordName ?? 'record');
        return Object.fromEntries(
          members.map(({ name, field, codec }) => {
            if (Object.hasOwn(json, name)) return [name, codec.fromJson(json[name], below(path, name))];
            // What is missing has the schema's default, and without one null where that may be.
            const given: unknown = field.defaultValue();
            return [name, given === undefined ? codec.fromJson(null, below(path, name)) : given];
          }),
        );
      },
    };
  }
}

function below(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}
