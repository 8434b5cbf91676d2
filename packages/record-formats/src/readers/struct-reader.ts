import type { Reader, Rules } from './reader.ts';

interface Field {
  readonly name: string;
  readonly read: Reader;
}

/** Keys remembered with the field they stand for, or with none: records have few different ones, but nobody promises that. */
const mostKeys = 4096;

/** An object's members by a struct's fields, in the fields' order; what is missing is null, what is not asked for is dropped. */
export class StructReader {
  readonly #fields: readonly Field[];
  readonly #rules: Rules;
  readonly #indexOf = new Map<string, number>();
  readonly #indexOfFolded = new Map<string, number>();
  /**
   * The keys in the order in which objects have had them, and their fields: most objects have the same keys in the same order but
   * for a few that are missing, and then no key has to be looked up.
   */
  readonly #keys: string[] = [];
  readonly #indices: number[] = [];
  /** By a field's index, another one that has the same key: a mapping may give a key of JSON to several columns. */
  readonly #nextOf: readonly (number | undefined)[];

  constructor(fields: readonly Field[], rules: Rules) {
    this.#fields = fields;
    this.#rules = rules;
    this.#nextOf = fields.map(({ name }, index) => {
      const key = rules.keyOf(name);
      const before = this.#indexOfFolded.get(key);
      this.#indexOfFolded.set(key, index);
      return before;
    });
  }

  read(object: Readonly<Record<string, unknown>>): unknown[] {
    const fields = this.#fields;
    const values = new Array<unknown>(fields.length).fill(null);
    const [keys, indices] = [this.#keys, this.#indices];
    let place = 0;
    // Objects of JSON have no keys but their own, and their keys come without an array this way.
    // oxlint-disable-next-line guard-for-in
    for (const key in object) {
      let index: number | undefined;
      if (keys[place] === key) index = indices[place]!;
      else if (keys[place + 1] === key) {
        place += 1;
        index = indices[place]!;
      } else {
        index = this.#indexOf.get(key) ?? this.#find(key);
        // One that stands between known ones leaves the place as it is.
        if (place < keys.length || place >= mostKeys) place -= 1;
        else {
          keys.push(key);
          indices.push(index);
        }
      }
      place += 1;
      if (index < 0) continue;
      const value = object[key];
      for (; index !== undefined; index = this.#nextOf[index])
        values[index] = value === null ? null : fields[index]!.read(value);
    }
    return values;
  }

  readPlaces(values: readonly unknown[]): unknown[] {
    return this.#fields.map(({ read }, index) => {
      const value = values[index] ?? null;
      return value === null ? null : read(value);
    });
  }

  #find(key: string): number {
    const index = this.#indexOfFolded.get(this.#rules.foldKey(key)) ?? -1;
    if (this.#indexOf.size >= mostKeys) this.#indexOf.clear();
    this.#indexOf.set(key, index);
    return index;
  }
}
