/**
 * A program in jq that runs a query on many texts, each by itself. Its inputs are the texts as lines that jq does not read itself,
 * so that one that is no JSON ends nothing but itself; for each it writes one line:
 *
 *   {"values": [all that the query gave]} | {"error": text}
 *
 * What would read other inputs, end the program, or write beside it is another function here than in jq.
 */
export function programOf(query: string): string {
  return `${guards}
[fromjson?] | if length == 1
  then .[0] | try {values: [(${query}
)]} catch {error: (if type == "string" then . else tojson end)}
  else {error: "Non JSON record provided"}
end`;
}

const guards = [
  'def input: error("No more inputs");',
  'def inputs: empty;',
  'def debug: .;',
  'def debug(f): .;',
  'def stderr: .;',
  'def halt: error("halt");',
  'def halt_error: error("halt");',
  'def halt_error(f): error("halt");',
].join('\n');

/** The input of a program, for jq's option -R: a line for each text. Between the tokens of JSON a space says what a line break does. */
export function inputOf(texts: readonly string[]): string {
  // jq's lines end at NUL too; neither of the two belongs between tokens.
  return texts.map((text) => `${text.replaceAll('\n', ' ').replaceAll('\0', '\u0001')}\n`).join('');
}
