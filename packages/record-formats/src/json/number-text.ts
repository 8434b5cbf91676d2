/** A number with the digits it was written with, where a double has too few for them. */
export class WrittenNumber {
  readonly text: string;
  readonly value: number;

  constructor(text: string) {
    this.text = text;
    this.value = Number(text);
  }

  /** For JSON.stringify: as it was written. */
  toJSON(): unknown {
    return rawJson(this.text);
  }
}

/** In Node since 22; the types do not have it yet. */
const { rawJSON: rawJson } = JSON as unknown as { rawJSON: (text: string) => unknown };

/** Thrown by a reader that needs digits which the parsed doubles no longer have: the record is then parsed again, with them. */
export class DigitsNeeded extends Error {
  override readonly name = 'DigitsNeeded';
}
/** One for all: an error's stack costs more than reading a record does. */
export const digitsNeeded = new DigitsNeeded('the numbers are needed as they are written');

/**
 * A number whose text is not the one that its double prints: with a point, an exponent, sixteen digits, or minus zero. Whole
 * numbers of sixteen digits below 9 × 10^15, as microseconds since 1970 are, come back as they were.
 */
const unlikeItsDouble = /[:,[]\s*(?:-?\d+[.eE]|-0|-?(?![1-8]\d{15}(?!\d))\d{16})/;
/** A number with more digits than every double keeps: fifteen come back from a double as they were, wherever the point is. */
const beyondDouble = /[:,[]\s*-?(?![1-8]\d{15}(?![\d.eE]))[\d.]{16}/;

/**
 * The text of the record that is being read. JSON.parse gives doubles, fast; the few records where that would lose something
 * are found by a look at their text and parsed once more by `digitsNeeded`, four times as slowly.
 */
export class RecordText {
  #text = '';
  #isWritten = false;
  #hasUnlike: boolean | undefined;
  #hasBeyond: boolean | undefined;

  /** `isWritten` says that numbers come as WrittenNumber. */
  begin(text: string, isWritten: boolean): void {
    this.#text = text;
    this.#isWritten = isWritten;
    this.#hasUnlike = undefined;
    this.#hasBeyond = undefined;
  }

  /** The number as the record has it. Throws `digitsNeeded`. */
  textOf(value: number): string {
    if (!this.#isWritten && (this.#hasUnlike ??= unlikeItsDouble.test(this.#text))) throw digitsNeeded;
    return `${value}`;
  }

  /** Throws `digitsNeeded` where the record's doubles may not be its decimals. */
  checkDigits(): void {
    if (!this.#isWritten && (this.#hasBeyond ??= beyondDouble.test(this.#text))) throw digitsNeeded;
  }
}
