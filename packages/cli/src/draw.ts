/** Rows under headings, columns as wide as they must be; numbers to the right. */
export function table(headings: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const texts = [headings, ...rows.map((row) => row.map(String))];
  const widths = headings.map((_, column) => Math.max(...texts.map((row) => row[column]!.length)));
  const isNumber = headings.map((_, column) => rows.length > 0 && rows.every((row) => typeof row[column] === 'number'));
  return texts
    .map((row) =>
      row
        .map((text, column) => (isNumber[column] ? text.padStart(widths[column]!) : text.padEnd(widths[column]!)))
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}

const keySpace = 2n ** 128n;
const cells = 40;

/** Where a range lies in the space of hash keys. */
export function rangeBar(start: bigint, end: bigint): string {
  const from = Number((start * BigInt(cells)) / keySpace);
  const to = Math.max(from + 1, Math.round(Number(((end + 1n) * BigInt(cells * 100)) / keySpace) / 100));
  return '·'.repeat(from) + '█'.repeat(to - from) + '·'.repeat(cells - to);
}

/** How much of the space it is, in percent. */
export function rangePercent(start: bigint, end: bigint): number {
  return Number(((end - start + 1n) * 100_000n) / keySpace) / 1000;
}

/** One line that is written over as work goes on; nothing where nobody looks. */
export class Progress {
  readonly #stderr: { write(text: string): unknown; readonly isTTY?: boolean };

  constructor(stderr: { write(text: string): unknown; readonly isTTY?: boolean }) {
    this.#stderr = stderr;
  }

  show(text: string): void {
    if (this.#stderr.isTTY === true) this.#stderr.write(`\r\u001b[K${text}`);
  }

  end(): void {
    if (this.#stderr.isTTY === true) this.#stderr.write('\r\u001b[K');
  }
}

/** `████████········  50 %` */
export function progressBar(part: number): string {
  const width = 24;
  const full = Math.round(Math.min(1, Math.max(0, part)) * width);
  return `${'█'.repeat(full)}${'·'.repeat(width - full)} ${String(Math.round(part * 100)).padStart(3)} %`;
}
