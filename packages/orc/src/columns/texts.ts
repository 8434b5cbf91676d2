import { ByteBuilder } from '../byte-builder.ts';
import { IntegerStream } from '../encodings/integer-stream.ts';
import { misfit } from '../errors.ts';
import { hashBytes } from '../hashing.ts';
import { Numbers } from '../numbers.ts';
import { TextStatistics } from '../statistics.ts';
import { Column, encodingKind, streamKind } from './column.ts';
import type { ColumnContext, StripeStream } from './column.ts';
import { Dictionary } from './dictionary.ts';

const scratch = new ByteBuilder(65_536);
const lengths = new Numbers();
/** Texts written at once. */
const batch = 1024;

/**
 * string, char and varchar. A stripe begins with a dictionary unless one before it had too many distinct values; whether it
 * stays is asked after the first row group, so that no more is held than that needs, and when the stripe is done.
 */
export class TextColumn extends Column<TextStatistics> {
  readonly #data = this.newStream();
  readonly #lengths = new IntegerStream(this.newStream(), false, this.isV1);
  readonly #references = new IntegerStream(this.#data, false, this.isV1);
  readonly #dictionaryData = this.newStream();
  readonly #dictionary = new Dictionary();
  #usesDictionary: boolean;
  /** References in the dictionary before each row group. */
  #starts: number[] = [];
  /** Positions of row groups that were written later than they ended. */
  #late: number[][] = [];
  #pending: string[] = [];
  #pendingCharacters = 0;
  #lastDictionarySize = 0;

  constructor(context: ColumnContext) {
    super(context, () => new TextStatistics());
    this.#usesDictionary = this.settings.DictionaryKeyThreshold > 0;
  }

  override append(values: readonly unknown[], count: number): void {
    const isCut = this.type.kind !== 'string';
    for (let index = 0; index < count; index += 1) {
      const value = values[index];
      if (value === null || value === undefined) this.presence.addNull();
      else {
        if (typeof value !== 'string') throw misfit(this.path, 'a text', value);
        const text = isCut ? this.#cut(value) : value;
        this.presence.addValue();
        this.#pending.push(text);
        this.#pendingCharacters += text.length;
      }
    }
  }

  override encode(): void {
    if (this.#pending.length === 0) return;
    if (this.#usesDictionary) this.#countReferences();
    else {
      for (const text of this.#pending) this.statistics.add(text);
      this.statistics.addBytes(this.#write(this.#pending));
    }
    this.#pending = [];
    this.#pendingCharacters = 0;
  }

  override get pendingBytes(): number {
    return this.#pending.length * 8 + this.#pendingCharacters;
  }

  protected override dropLast(count: number): void {
    for (let left = count; left > 0; left -= 1) this.#pendingCharacters -= this.#pending.pop()!.length;
  }

  protected override get encoding(): { readonly kind: number; readonly dictionarySize?: number } {
    if (!this.#usesDictionary) return super.encoding;
    const kind = this.isV1 ? encodingKind.dictionary : encodingKind.dictionaryV2;
    return { kind, dictionarySize: this.#lastDictionarySize };
  }

  protected override get ownBytes(): number {
    return this.#data.heldBytes + this.#lengths.stream.heldBytes + this.#dictionary.heldBytes;
  }

  /** A dictionary's references are written, and their positions found, when the stripe is done. */
  protected override position(into: number[]): void {
    if (this.#usesDictionary) this.#starts.push(this.#dictionary.references);
    else {
      this.#data.position(into);
      this.#lengths.position(into);
    }
  }

  protected override groupEnded(): void {
    this.#dictionary.beginGroup();
    if (this.#usesDictionary && this.#starts.length === 1 && this.#isTooVaried()) this.#leaveDictionary();
  }

  protected override finishStreams(): number[][] {
    if (this.#usesDictionary) {
      // The group that began after the last one is empty, and has no entry.
      this.#starts.pop();
      if (this.#isTooVaried()) this.#leaveDictionary();
      else this.#writeDictionary();
    }
    const late = this.#late;
    this.#late = [];
    this.#starts = [];
    return late;
  }

  protected override takeStreams(): StripeStream[] {
    const streams = [this.taken(streamKind.data, this.#data), this.taken(streamKind.length, this.#lengths.stream)];
    if (this.#usesDictionary) streams.push(this.taken(streamKind.dictionary, this.#dictionaryData));
    return streams;
  }

  /** Hive 0.11 knew no texts but in dictionaries, so that version keeps them. */
  #isTooVaried(): boolean {
    if (this.isV1) return false;
    const { size, references } = this.#dictionary;
    return size > references * this.settings.DictionaryKeyThreshold;
  }

  #countReferences(): void {
    const dictionary = this.#dictionary;
    let bytes = 0;
    for (const text of this.#pending) {
      const key = dictionary.add(text);
      bytes += dictionary.byteLength(key);
      if (!dictionary.isNewInGroup(key)) continue;
      this.statistics.add(text);
      if (this.bloom !== undefined) this.#addToBloom(Buffer.from(text));
    }
    this.statistics.addBytes(bytes);
  }

  /** From here on the file has no dictionary of this column: what waited for it is written as it is. */
  #leaveDictionary(): void {
    const dictionary = this.#dictionary;
    for (const [at, start] of this.#starts.entries()) {
      const positions: number[] = [];
      this.#data.position(positions);
      this.#lengths.position(positions);
      this.#late.push(positions);
      const end = this.#starts[at + 1] ?? dictionary.references;
      // The statistics and filters have these values already.
      for (let from = start; from < end; from += batch)
        this.#write(dictionary.texts(from, Math.min(end, from + batch)), false);
    }
    dictionary.clear();
    this.#usesDictionary = false;
  }

  #writeDictionary(): void {
    const dictionary = this.#dictionary;
    const sorted = dictionary.sort();
    for (let from = 0; from < sorted.texts.length; from += batch) {
      encodeTexts(sorted.texts.slice(from, from + batch));
      this.#dictionaryData.write(scratch.view());
      this.#lengths.write(lengths.values, lengths.count);
    }
    for (const [at, start] of this.#starts.entries()) {
      const positions: number[] = [];
      this.#references.position(positions);
      this.#late.push(positions);
      const end = this.#starts[at + 1] ?? dictionary.references;
      for (let from = start; from < end; from += batch) {
        const count = Math.min(batch, end - from);
        lengths.clear();
        for (let index = 0; index < count; index += 1) lengths.push(sorted.places[dictionary.reference(from + index)]!);
        this.#references.write(lengths.values, count);
      }
    }
    this.#lastDictionarySize = dictionary.size;
    dictionary.clear();
  }

  /** Writes texts directly; answers how many bytes they are. */
  #write(texts: readonly string[], isCounted = true): number {
    encodeTexts(texts);
    const bytes = scratch.view();
    if (isCounted && this.bloom !== undefined) {
      let from = 0;
      for (let index = 0; index < lengths.count; index += 1) {
        const to = from + lengths.values[index]!;
        this.#addToBloom(bytes, from, to);
        from = to;
      }
    }
    this.#data.write(bytes);
    this.#lengths.write(lengths.values, lengths.count);
    return bytes.length;
  }

  #addToBloom(bytes: Uint8Array, from = 0, to = bytes.length): void {
    hashBytes(bytes, from, to, this.hash);
    this.bloom!.add(this.hash);
  }

  /** To the length in characters that char and varchar have; char is filled with spaces to it. */
  #cut(text: string): string {
    const { type } = this;
    if (type.kind !== 'char' && type.kind !== 'varchar') return text;
    let cut = text;
    let characters = text.length;
    if (text.length > type.length || type.kind === 'char') {
      const all = [...text];
      characters = Math.min(all.length, type.length);
      if (all.length > type.length) cut = all.slice(0, type.length).join('');
    }
    return type.kind === 'char' ? cut + ' '.repeat(type.length - characters) : cut;
  }
}

/** Texts to UTF-8 in `scratch`, one after the other, and their `lengths` in bytes. */
function encodeTexts(texts: readonly string[]): void {
  scratch.clear();
  lengths.clear();
  const joined = texts.join('');
  scratch.reserve(joined.length * 3);
  // One call for all is several times as fast as one each, and shows whether all is ASCII.
  scratch.length = scratch.bytes.write(joined);
  if (scratch.length === joined.length) {
    for (const text of texts) lengths.push(text.length);
    return;
  }
  scratch.length = 0;
  for (const text of texts) {
    const written = scratch.bytes.write(text, scratch.length);
    scratch.length += written;
    lengths.push(written);
  }
}
