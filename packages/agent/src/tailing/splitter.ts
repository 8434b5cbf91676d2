import { javaPattern } from '../configuration/java-pattern.ts';

const newline = 10;

/** Finds where records end. */
export interface Splitter {
  /** The end of the record that begins at `from`, or -1 where that is not to be seen in these bytes. */
  next(bytes: Buffer, from: number): number;
  /** Whether a record may end with any line, once no more lines come. */
  readonly isMultiLine: boolean;
}

export function lineSplitter(): Splitter {
  return { isMultiLine: false, next: (bytes, from) => bytes.indexOf(newline, from) + 1 || -1 };
}

/** As many lines as fit `hintBytes` together, at least one; what is there goes, as from AWS's agent: nothing waits for more. */
export function aggregatingSplitter(hintBytes: number): Splitter {
  return {
    isMultiLine: false,
    next(bytes, from) {
      let end = -1;
      for (let line = bytes.indexOf(newline, from) + 1; line > 0; line = bytes.indexOf(newline, line) + 1) {
        if (end !== -1 && line - from > hintBytes) return end;
        end = line;
      }
      return end;
    },
  };
}

/** A record ends before the next line that begins as the pattern says. The line itself has to be there whole. */
export function multiLineSplitter(source: string): Splitter {
  const pattern = javaPattern(source, 'start');
  return {
    isMultiLine: true,
    next(bytes, from) {
      let start = bytes.indexOf(newline, from) + 1;
      while (start > 0) {
        const end = bytes.indexOf(newline, start) + 1;
        if (end === 0) return -1;
        pattern.lastIndex = 0;
        if (pattern.test(bytes.toString('utf8', start, end))) return start;
        start = end;
      }
      return -1;
    },
  };
}
