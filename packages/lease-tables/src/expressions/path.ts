import { validation } from '../errors.ts';
import { attributeOf } from '../value.ts';
import type { Item, Value } from '../value.ts';

/** The way to an attribute: its name, then members of maps and places in lists. */
export type Path = readonly [string, ...(string | number)[]];

/** What stands there; undefined where nothing does. */
export function valueAt(item: Item, [name, ...rest]: Path): Value | undefined {
  let value = attributeOf(item, name);
  for (const step of rest) value = value === undefined ? undefined : inner(value, step);
  return value;
}

function inner(value: Value, step: string | number): Value | undefined {
  if (typeof step === 'number') return 'L' in value ? value.L[step] : undefined;
  return 'M' in value && Object.hasOwn(value.M, step) ? value.M[step] : undefined;
}

/** The item with another value there, or with none. Throws where the way there is not. */
export function withValue(item: Item, [name, ...rest]: Path, value: Value | undefined): Item {
  const present = attributeOf(item, name);
  const [next, ...further] = rest;
  if (next === undefined) return replaced(item, name, value);
  if (present === undefined) throw badPath();
  return replaced(item, name, withInner(present, [next, ...further], value));
}

function replaced(item: Item, name: string, value: Value | undefined): Item {
  if (value !== undefined) return { ...item, [name]: value };
  return Object.fromEntries(Object.entries(item).filter(([one]) => one !== name));
}

function withInner(holder: Value, [step, ...rest]: (string | number)[], value: Value | undefined): Value {
  if (typeof step === 'string') {
    if (!('M' in holder)) throw badPath();
    return { M: withValue(holder.M, [step, ...rest], value) };
  }
  if (!('L' in holder)) throw badPath();
  const list = [...holder.L];
  const present = list[step!];
  if (rest.length > 0) {
    if (present === undefined) throw badPath();
    list[step!] = withInner(present, rest, value);
  } else if (value === undefined) list.splice(step!, 1);
  else if (present === undefined) list.push(value);
  else list[step!] = value;
  return { L: list };
}

function badPath(): Error {
  return validation('The document path provided in the update expression is invalid for update');
}
