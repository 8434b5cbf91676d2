import { RecordError, textOf } from '../transformation.ts';

/** The lines of a record that say something: an agent may send several in one. */
export function linesOf(data: Buffer): string[] {
  return (
    textOf(data)
      // Some senders of syslog end a message with a zero byte.
      .split(/\r?\n|\0(?:\n|$)/)
      .filter((line) => line.trim() !== '')
  );
}

/** All lines of a record, or none: what the error prefix gets is the record whole. */
export function readAll<Read extends object>(
  lines: readonly string[],
  read: (line: string) => Read | undefined,
): Read[] {
  return lines.map((line, index) => {
    const found = read(line);
    if (found === undefined) throw new RecordError(`line ${index + 1} has none of the known forms`);
    return found;
  });
}
