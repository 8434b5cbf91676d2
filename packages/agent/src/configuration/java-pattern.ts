/** A regular expression that cannot be understood; the message says what of it. */
export class PatternError extends Error {
  override readonly name = 'PatternError';
}

const posix: Readonly<Record<string, string>> = {
  Lower: 'a-z',
  Upper: 'A-Z',
  ASCII: '\\x00-\\x7F',
  Alpha: 'a-zA-Z',
  Digit: '0-9',
  Alnum: 'a-zA-Z0-9',
  Punct: '!-\\/:-@\\[-`{-~',
  Graph: '!-~',
  Print: ' -~',
  Blank: ' \\t',
  Cntrl: '\\x00-\\x1F\\x7F',
  XDigit: '0-9a-fA-F',
  Space: ' \\t\\n\\x0B\\f\\r',
};

const endOfInput = '(?![^])';
/** Java's \Z, and its $ where the m flag is not set: the end, or before the last line terminator. */
const beforeLastTerminator = `(?=(?:\\r\\n|[\\n\\r\\x85\\u2028\\u2029])?${endOfInput})`;

const escapes: Readonly<Record<string, string>> = {
  A: '(?<![^])',
  z: endOfInput,
  Z: beforeLastTerminator,
  a: '\\x07',
  e: '\\x1B',
  R: '(?:\\r\\n|[\\n\\x0B\\f\\r\\x85\\u2028\\u2029])',
};
const horizontal = ' \\t\\xA0\\u1680\\u180E\\u2000-\\u200A\\u202F\\u205F\\u3000';

/**
 * Compiles a pattern in java.util.regex's notation. `whole`: the input is all of it (matches()); `start`: it begins so
 * (lookingAt()); `parts`: it occurs (split()). What JavaScript cannot say, possessive quantifiers and atomic groups among it, is a
 * PatternError: to match something else would be worse.
 */
export function javaPattern(source: string, extent: 'whole' | 'start' | 'parts'): RegExp {
  const { body, flags } = new Translation(source, extent === 'whole').result();
  try {
    // Without a look around it is a pattern that V8 can also match in linear time (see runAgent).
    if (extent === 'whole' && !flags.includes('m')) return new RegExp(`^(?:${body})$`, flags);
    if (extent === 'whole') return new RegExp(`(?<![^])(?:${body})${endOfInput}`, flags);
    return new RegExp(body, flags + (extent === 'start' ? 'y' : 'g'));
  } catch (error) {
    throw new PatternError((error as Error).message, { cause: error });
  }
}

/** How many groups a pattern captures. */
export function countGroups({ source, flags }: RegExp): number {
  return new RegExp(`${source}|`, flags.replace(/[gy]/g, '')).exec('')!.length - 1;
}

class Translation {
  readonly #source: string;
  readonly #isWhole: boolean;
  #at = 0;
  #flags = new Set<string>();
  #body = '';
  #isInClass = false;

  constructor(source: string, isWhole: boolean) {
    this.#source = source;
    this.#isWhole = isWhole;
  }

  result(): { body: string; flags: string } {
    const leading = /^\(\?([imsxudU]+)\)/.exec(this.#source);
    if (leading !== null) {
      for (const flag of leading[1]!) {
        if (!'imsu'.includes(flag)) throw new PatternError(`the flag (?${flag}) is not supported`);
        if (flag !== 'u') this.#flags.add(flag);
      }
      this.#at = leading[0].length;
    }
    while (this.#at < this.#source.length) this.#body += this.#next();
    return { body: this.#body, flags: [...this.#flags].join('') };
  }

  #next(): string {
    const character = this.#source[this.#at++]!;
    if (character === '\\') return this.#escape();
    if (this.#isInClass) return this.#inClass(character);
    if (character === '[') {
      this.#isInClass = true;
      let start = '[';
      if (this.#source[this.#at] === '^') start += this.#source[this.#at++]!;
      // In Java a ] that comes first stands for itself.
      if (this.#source[this.#at] === ']') {
        this.#at += 1;
        start += '\\]';
      }
      return start;
    }
    if (character === '$' && !this.#flags.has('m'))
      return this.#isWhole && this.#at === this.#source.length ? '$' : beforeLastTerminator;
    if (character === '(') this.#refuseGroup();
    if ('*+?}'.includes(character) && this.#source[this.#at] === '+')
      throw new PatternError(`possessive quantifiers (${character}+) are not supported`);
    return character;
  }

  #refuseGroup(): void {
    const rest = this.#source.slice(this.#at);
    if (rest.startsWith('?>')) throw new PatternError('atomic groups (?>…) are not supported');
    if (/^\?[a-zA-Z]*-?[a-zA-Z]+\)/.test(rest)) throw new PatternError('flags are supported at the start only');
  }

  #inClass(character: string): string {
    if (character === ']') this.#isInClass = false;
    if (character === '[' || (character === '&' && this.#source[this.#at] === '&'))
      throw new PatternError('classes within classes are not supported');
    return character;
  }

  #escape(): string {
    const character = this.#source[this.#at++];
    if (character === undefined) throw new PatternError('it ends in a backslash');
    if (character === 'Q') {
      const end = this.#source.indexOf('\\E', this.#at);
      const quoted = this.#source.slice(this.#at, end === -1 ? undefined : end);
      this.#at = end === -1 ? this.#source.length : end + 2;
      return quoted.replace(/[\\^$.*+?()[\]{}|/&-]/g, '\\$&');
    }
    if (character === 'p' || character === 'P') return this.#property(character);
    if (character === 'h') return this.#isInClass ? horizontal : `[${horizontal}]`;
    if (character === 'G' || character === 'X') throw new PatternError(`\\${character} is not supported`);
    if (!this.#isInClass && escapes[character] !== undefined) return escapes[character];
    return `\\${character}`;
  }

  #property(letter: string): string {
    const found = /^\{([\w=]+)\}/.exec(this.#source.slice(this.#at));
    const ranges = posix[found?.[1] ?? ''];
    if (found !== null && ranges !== undefined && (letter === 'p' || !this.#isInClass)) {
      this.#at += found[0].length;
      if (this.#isInClass) return ranges;
      return `[${letter === 'P' ? '^' : ''}${ranges}]`;
    }
    // What is left are Unicode's own, which JavaScript knows with the u flag.
    this.#flags.add('u');
    this.#at += found?.[0].length ?? 0;
    return `\\${letter}${found?.[0] ?? ''}`;
  }
}
