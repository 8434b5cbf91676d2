import { compareText } from '../text-order.ts';

/** What a key costs beside its characters: its entry in the map, roughly. */
const keyBytes = 64;

/** The distinct texts of a stripe's column, and the references to them in the order of the values. */
export class Dictionary {
  readonly #keys = new Map<string, number>();
  #texts: string[] = [];
  #byteLengths: number[] = [];
  /** The row group that each key was last seen in. */
  #groups: number[] = [];
  #references = new Uint32Array(1024);
  #count = 0;
  #group = 0;
  #bytes = 0;

  /** Values so far. */
  get references(): number {
    return this.#count;
  }

  /** Distinct texts so far. */
  get size(): number {
    return this.#texts.length;
  }

  get heldBytes(): number {
    return this.#bytes + this.#count * 4;
  }

  /** Adds a value; answers its key. */
  add(text: string): number {
    let key = this.#keys.get(text);
    if (key === undefined) {
      key = this.#texts.length;
      this.#keys.set(text, key);
      this.#texts.push(text);
      const bytes = Buffer.byteLength(text);
      this.#byteLengths.push(bytes);
      this.#groups.push(-1);
      this.#bytes += bytes + keyBytes;
    }
    if (this.#count === this.#references.length) {
      const larger = new Uint32Array(this.#count * 2);
      larger.set(this.#references);
      this.#references = larger;
    }
    this.#references[this.#count++] = key;
    return key;
  }

  byteLength(key: number): number {
    return this.#byteLengths[key]!;
  }

  /** Whether this is the first call for the key in the present row group. */
  isNewInGroup(key: number): boolean {
    if (this.#groups[key] === this.#group) return false;
    this.#groups[key] = this.#group;
    return true;
  }

  beginGroup(): void {
    this.#group += 1;
  }

  /** The key of the value at a place. */
  reference(at: number): number {
    return this.#references[at]!;
  }

  /** The values from one place to before another. */
  texts(from: number, to: number): string[] {
    return Array.from(this.#references.subarray(from, to), (key) => this.#texts[key]!);
  }

  /** The texts in the order of their bytes, and the place of each key among them. */
  sort(): { readonly texts: readonly string[]; readonly places: Uint32Array } {
    const texts = this.#texts;
    const keys = Uint32Array.from(texts.keys()).sort((left, right) => compareText(texts[left]!, texts[right]!));
    const places = new Uint32Array(keys.length);
    for (let place = 0; place < keys.length; place += 1) places[keys[place]!] = place;
    return { texts: Array.from(keys, (key) => texts[key]!), places };
  }

  clear(): void {
    this.#keys.clear();
    this.#texts = [];
    this.#byteLengths = [];
    this.#groups = [];
    this.#references = new Uint32Array(1024);
    this.#count = 0;
    this.#bytes = 0;
  }
}
