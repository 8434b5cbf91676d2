/** What waits, by function: each function that has something waiting is next in turn, however much another has. */
export class Rotation<Item> {
  /** The function whose turn is next is the first of them. */
  readonly #byFunction = new Map<string, Item[]>();
  size = 0;

  add(key: string, item: Item): void {
    const own = this.#byFunction.get(key);
    if (own === undefined) this.#byFunction.set(key, [item]);
    else own.push(item);
    this.size += 1;
  }

  /** How many of a function wait. */
  sizeOf(key: string): number {
    return this.#byFunction.get(key)?.length ?? 0;
  }

  /** The next in turn, which stays. */
  peek(): Item | undefined {
    return this.#byFunction.values().next().value?.[0];
  }

  shift(): Item | undefined {
    const [first] = this.#byFunction;
    if (first === undefined) return undefined;
    const [key, own] = first;
    const item = own.shift();
    // Behind the others.
    this.#byFunction.delete(key);
    if (own.length > 0) this.#byFunction.set(key, own);
    this.size -= 1;
    return item;
  }
}
