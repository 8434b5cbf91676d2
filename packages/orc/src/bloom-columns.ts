import { subtypes } from './columns/make-column.ts';
import { OrcOptionError } from './errors.ts';
import type { OrcType, StructType } from './types.ts';

/**
 * The numbers of the columns that names and paths stand for; a name of a struct, array or map stands for all within. Throws
 * OrcOptionError for one that is not there.
 */
export function findColumns(schema: StructType, paths: readonly string[]): ReadonlySet<number> {
  const found = new Set<number>();
  for (const path of paths) {
    const [id, type] = find(schema, path);
    for (let column = id; column < id + countTypes(type); column += 1) found.add(column);
  }
  return found;
}

/** Columns of a type, itself included. */
export function countTypes(type: OrcType): number {
  return subtypes(type).reduce((count, { type: child }) => count + countTypes(child), 1);
}

function find(schema: StructType, path: string): [number, OrcType] {
  let [id, type]: [number, OrcType] = [0, schema];
  let rest = path;
  while (rest !== '') {
    const children: readonly { readonly name: string; readonly type: OrcType }[] = subtypes(type);
    // A name may have a dot itself: the whole rest is the better match.
    const whole = children.findIndex(({ name }) => name === rest);
    const at = whole >= 0 ? whole : children.findIndex(({ name }) => rest.startsWith(`${name}.`));
    const child = children[at];
    if (child === undefined) throw new OrcOptionError(`BloomFilterColumns: there is no column ${path}`);
    id += 1 + children.slice(0, at).reduce((count, before) => count + countTypes(before.type), 0);
    type = child.type;
    rest = rest.slice(child.name.length + 1);
  }
  if (path === '') throw new OrcOptionError('BloomFilterColumns has an empty name');
  return [id, type];
}
