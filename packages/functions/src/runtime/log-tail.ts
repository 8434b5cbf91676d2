const tailBytes = 4096;
/** A line that never ends is given out in pieces. */
const mostLineLetters = 65_536;

/** What a function logs in one invocation: whole lines go on to the server's log, the last 4 KB to who asked for them. */
export class LogTail {
  readonly #line: (line: string) => void;
  #tail = Buffer.alloc(0);
  #begun = '';

  constructor(line: (line: string) => void) {
    this.#line = line;
  }

  /** What is said about the function, not by it: in the tail alone. */
  note(text: string): void {
    const added = Buffer.from(text.length > tailBytes ? text.slice(-tailBytes) : text);
    this.#tail = Buffer.concat([this.#tail, added]).subarray(-tailBytes);
  }

  add(text: string): void {
    this.note(text);
    const lines = (this.#begun + text).split('\n');
    this.#begun = lines.pop() ?? '';
    for (const line of lines) if (line !== '') this.#line(line);
    if (this.#begun.length <= mostLineLetters) return;
    this.#line(this.#begun);
    this.#begun = '';
  }

  end(): Buffer {
    if (this.#begun !== '') this.#line(this.#begun);
    this.#begun = '';
    return this.#tail;
  }
}
