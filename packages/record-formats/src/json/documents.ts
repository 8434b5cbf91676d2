import { isUtf8 } from 'node:buffer';
import { getHeapStatistics } from 'node:v8';
import { malformedJson } from '../errors.ts';
import { WrittenNumber } from './number-text.ts';

const largeBytes = 256 << 10;
/** What a byte of JSON takes at most: {} in a list is 64 bytes, what it is read into as much again. */
const heapBytesPerByte = 64;

/**
 * A thread whose heap is full ends by itself, but only between two steps of JavaScript. JSON.parse is one: where it needs more
 * than is left and the 16 MiB that a full heap is given for its end, V8 ends the process with all that is in it. So a record has
 * to have room before it is parsed. Throws RecordError.
 */
function checkRoom(bytes: number): void {
  if (bytes < largeBytes) return;
  const { heap_size_limit: limit, used_heap_size: used } = getHeapStatistics();
  if (used + bytes * heapBytesPerByte > limit)
    throw malformedJson(`The record has ${bytes} bytes, more than there is memory to read`);
}

/** The text of a record. Throws RecordError for what is not UTF-8, and for a record that is too large. */
export function textOfRecord(record: Buffer): string {
  checkRoom(record.length);
  const text = record.toString('utf8');
  if (text.includes('\uFFFD') && !isUtf8(record)) throw malformedJson('The record is not UTF-8');
  return text;
}

/**
 * The JSON documents of a record: one, or several one after the other, with or without space between them. Throws RecordError
 * for anything else. With `isWritten`, numbers are WrittenNumber.
 */
export function parseDocuments(text: string, isWritten: boolean): unknown[] {
  try {
    return [parse(text, isWritten)];
  } catch (error) {
    const documents = splitDocuments(text);
    if (documents.length < 2) throw malformedJson((error as Error).message);
    try {
      return documents.map((document) => parse(document, isWritten));
    } catch (inner) {
      throw malformedJson((inner as Error).message);
    }
  }
}

function parse(text: string, isWritten: boolean): unknown {
  return isWritten ? (JSON.parse(text, keepDigits) as unknown) : (JSON.parse(text) as unknown);
}

function keepDigits(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  return typeof value === 'number' && context?.source !== undefined ? new WrittenNumber(context.source) : value;
}

const code = { quote: 34, backslash: 92, open: 123, close: 125 };

/** Cuts behind every brace that closes a document; what is left at the end, but for space, is a piece too. */
function splitDocuments(text: string): string[] {
  const pieces: string[] = [];
  let [from, depth, isInText] = [0, 0, false];
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charCodeAt(at);
    if (isInText) {
      if (character === code.backslash) at += 1;
      else if (character === code.quote) isInText = false;
    } else if (character === code.quote) isInText = true;
    else if (character === code.open) depth += 1;
    else if (character === code.close) {
      depth -= 1;
      if (depth === 0) {
        pieces.push(text.slice(from, at + 1));
        from = at + 1;
      }
    }
  }
  const rest = text.slice(from);
  if (rest.trim() !== '') pieces.push(rest);
  return pieces;
}
