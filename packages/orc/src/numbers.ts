const firstCapacity = 1024;
/** A batch that needed more than this gives it back. */
const keptCapacity = 65_536;

/** Numbers of a batch, in an array that grows. */
export class Numbers {
  values = new Float64Array(firstCapacity);
  count = 0;

  push(value: number): void {
    if (this.count === this.values.length) this.#grow();
    this.values[this.count++] = value;
  }

  clear(): void {
    this.count = 0;
    if (this.values.length > keptCapacity) this.values = new Float64Array(firstCapacity);
  }

  #grow(): void {
    const larger = new Float64Array(this.values.length * 2);
    larger.set(this.values);
    this.values = larger;
  }
}
