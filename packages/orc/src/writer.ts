import { countTypes, findColumns } from './bloom-columns.ts';
import type { Column, StripeStream } from './columns/column.ts';
import { ColumnMaker } from './columns/make-column.ts';
import { compressor } from './compression.ts';
import { OrcValueError } from './errors.ts';
import { footerMessage, magic, metadataMessage, postscript } from './file-tail.ts';
import type { StripeInformation } from './file-tail.ts';
import { Message } from './message.ts';
import { readOptions } from './options.ts';
import type { OrcOptions, OrcSettings } from './options.ts';
import { OutputStream } from './output-stream.ts';
import type { Chunking } from './output-stream.ts';
import { parseSchema } from './types.ts';
import type { OrcColumn } from './types.ts';

/** Where the file's bytes go, in order. The next are not offered before a promise is kept. */
export type OrcSink = (bytes: Uint8Array) => void | Promise<void>;

/** Values by column name, or in the order of the schema. Undefined, null and what is missing are null. */
export type OrcRow = Readonly<Record<string, unknown>> | readonly unknown[];

/** A row that was left out, by its place in what `write` got. */
export interface RejectedRow {
  readonly index: number;
  readonly error: OrcValueError;
}

export interface OrcSummary {
  readonly rows: number;
  readonly stripes: number;
  /** Of the whole file. */
  readonly byteLength: number;
}

/** Rows are converted and encoded so many at a time: two full runs of the integers' encoding. */
const batchRows = 1024;
/** Fewer where they take more than this part of a stripe: by so much a stripe may end late. */
const batchesOfStripe = 64;
/** Before it is known how large rows are. */
const firstRows = 64;
const largestChunk = 256 << 10;
const smallestChunk = 4 << 10;

/**
 * Begins an ORC file. `schema`: a Hive type text, `struct<id:bigint,tags:array<string>>`, or Glue's columns. `sink` gets the
 * file stripe by stripe; memory is bounded by StripeSizeBytes. Throws OrcSchemaError and OrcOptionError.
 */
export function createOrcWriter(schema: string | readonly OrcColumn[], options: OrcOptions, sink: OrcSink): OrcWriter {
  return new OrcWriter(schema, readOptions(options), sink);
}

export class OrcWriter {
  readonly #settings: OrcSettings;
  readonly #sink: OrcSink;
  readonly #chunking: Chunking;
  readonly #root: Column;
  readonly #columns: readonly Column[];
  readonly #stripes: StripeInformation[] = [];
  #state: 'open' | 'busy' | 'finished' | 'failed' = 'open';
  #offset = 0;
  #rows = 0;
  #stripeRows = 0;
  #groupRows = 0;
  /** Appended and not yet encoded. */
  #pendingRows = 0;
  #stripeTarget: number;
  readonly #batchBytes: number;
  /** Rows to take at once, by the size of the last ones. */
  #rowsAtOnce = firstRows;

  constructor(schema: string | readonly OrcColumn[], settings: OrcSettings, sink: OrcSink) {
    const type = parseSchema(schema);
    this.#settings = settings;
    this.#sink = sink;
    this.#chunking = {
      chunkBytes: chunkBytes(settings.StripeSizeBytes, countTypes(type)),
      compress: compressor(settings.Compression),
    };
    const bloomColumns = findColumns(type, settings.BloomFilterColumns);
    this.#root = new ColumnMaker({ settings, chunking: this.#chunking, bloomColumns }).make(type, '');
    this.#columns = flatten(this.#root);
    this.#stripeTarget = settings.StripeSizeBytes;
    this.#batchBytes = Math.floor(settings.StripeSizeBytes / batchesOfStripe);
    this.#root.beginStripe();
  }

  /**
   * Adds rows, in order. A row with a value that does not fit its column is left out whole and answered; the others are
   * written. Rejects when the sink does, and then the file is lost: the writer takes no more.
   */
  async write(rows: readonly OrcRow[]): Promise<readonly RejectedRow[]> {
    const rejected: RejectedRow[] = [];
    await this.#exclusively(async () => {
      let from = 0;
      while (from < rows.length) {
        const fullBatch = Math.min(batchRows, this.#settings.RowIndexStride - this.#groupRows);
        const taken = Math.min(fullBatch - this.#pendingRows, this.#rowsAtOnce);
        const batch = rows.slice(from, from + taken);
        this.#append(batch, from, rejected);
        from += batch.length;
        const pendingBytes = this.#columns.reduce((sum, column) => sum + column.pendingBytes, 0);
        this.#rowsAtOnce = Math.ceil((this.#batchBytes / (pendingBytes + 1)) * this.#pendingRows) || firstRows;
        if (this.#pendingRows === fullBatch || pendingBytes >= this.#batchBytes) await this.#encode();
      }
    });
    return rejected;
  }

  /** Writes what is left, and the file's tail. */
  async finish(): Promise<OrcSummary> {
    await this.#exclusively(async () => {
      await this.#encode();
      await this.#endStripe();
      await this.#writeTail();
    });
    this.#state = 'finished';
    return { rows: this.#rows, stripes: this.#stripes.length, byteLength: this.#offset };
  }

  /** Bytes of memory that the present stripe holds. */
  get heldBytes(): number {
    return this.#columns.reduce((sum, column) => sum + column.heldBytes + column.pendingBytes, 0);
  }

  async #exclusively(work: () => Promise<void>): Promise<void> {
    if (this.#state !== 'open') throw new Error(`the ORC writer is ${this.#state}: no further call is taken`);
    this.#state = 'busy';
    try {
      await work();
      this.#state = 'open';
    } catch (error) {
      this.#state = 'failed';
      throw error;
    }
  }

  /** A batch goes in whole; when it cannot, its rows do one by one. */
  #append(batch: readonly OrcRow[], from: number, rejected: RejectedRow[]): void {
    if (this.#tryAppend(batch) === undefined) return;
    for (const [index, row] of batch.entries()) {
      const error = this.#tryAppend([row]);
      if (error !== undefined) rejected.push({ index: from + index, error });
    }
  }

  #tryAppend(rows: readonly OrcRow[]): OrcValueError | undefined {
    this.#root.mark();
    try {
      for (const row of rows)
        if (typeof row !== 'object' || row === null)
          throw new OrcValueError('a row is an object or an array of values');
      this.#root.append(rows, rows.length);
    } catch (error) {
      this.#root.rollback();
      if (error instanceof OrcValueError) return error;
      throw error;
    }
    this.#pendingRows += rows.length;
    return undefined;
  }

  async #encode(): Promise<void> {
    this.#root.encode();
    this.#rows += this.#pendingRows;
    this.#stripeRows += this.#pendingRows;
    this.#groupRows += this.#pendingRows;
    this.#pendingRows = 0;
    if (this.#groupRows >= this.#settings.RowIndexStride) this.#endGroup();
    if (this.heldBytes >= this.#stripeTarget) await this.#endStripe();
  }

  #endGroup(): void {
    this.#root.endGroup();
    this.#groupRows = 0;
  }

  async #endStripe(): Promise<void> {
    if (this.#stripeRows === 0) return;
    if (this.#groupRows > 0) this.#endGroup();
    const columns = this.#columns.map((column) => column.endStripe());
    const index = columns.flatMap((column) => column.index);
    const data = columns.flatMap((column) => column.data);
    const footer = new Message();
    for (const { kind, column, byteLength } of [...index, ...data])
      footer.message(1, new Message().uint(1, kind).uint(2, column).uint(3, byteLength));
    for (const { encoding } of columns) footer.message(2, encoding);
    footer.text(3, 'UTC');
    const tail = this.#metadata(footer);
    const [indexLength, dataLength] = [total(index), total(data)];
    const rows = this.#stripeRows;
    this.#stripeRows = 0;
    this.#root.beginStripe();
    if (this.#offset === 0) await this.#put(magic);
    await this.#pad(indexLength + dataLength + total(tail));
    const statistics = columns.map((column) => column.statistics);
    this.#stripes.push({ offset: this.#offset, indexLength, dataLength, footerLength: total(tail), rows, statistics });
    for (const { chunks } of [...index, ...data, ...tail]) for (const chunk of chunks) await this.#put(chunk);
    this.#stripeTarget = this.#nextTarget();
  }

  /** With padding, a stripe that would cross the end of a block begins at it, if that wastes no more than is tolerated. */
  async #pad(stripeBytes: number): Promise<void> {
    const { EnablePadding, BlockSizeBytes } = this.#settings;
    const left = BlockSizeBytes - (this.#offset % BlockSizeBytes);
    if (!EnablePadding || left === BlockSizeBytes || stripeBytes <= left || left > this.#tolerated) return;
    await this.#put(new Uint8Array(left));
  }

  /** With padding, the last stripe of a block is made smaller to fit, where the block has more room left than padding may waste. */
  #nextTarget(): number {
    const { EnablePadding, BlockSizeBytes, StripeSizeBytes } = this.#settings;
    if (!EnablePadding) return StripeSizeBytes;
    const left = BlockSizeBytes - (this.#offset % BlockSizeBytes);
    return left > this.#tolerated && left < StripeSizeBytes ? left - this.#tolerated / 2 : StripeSizeBytes;
  }

  get #tolerated(): number {
    return this.#settings.PaddingTolerance * this.#settings.StripeSizeBytes;
  }

  async #writeTail(): Promise<void> {
    if (this.#offset === 0) await this.#put(magic);
    const bodyBytes = this.#offset;
    const metadata = this.#metadata(metadataMessage(this.#stripes));
    const footer = this.#metadata(
      footerMessage({
        settings: this.#settings,
        root: this.#root,
        columns: this.#columns,
        stripes: this.#stripes,
        bodyBytes,
        rows: this.#rows,
      }),
    );
    const lengths = { metadata: total(metadata), footer: total(footer), chunk: this.#chunking.chunkBytes };
    for (const { chunks } of [...metadata, ...footer]) for (const chunk of chunks) await this.#put(chunk);
    await this.#put(postscript(this.#settings, lengths));
  }

  /** A message as it stands in the file, compressed like the streams. */
  #metadata(message: Message): readonly Pick<StripeStream, 'chunks' | 'byteLength'>[] {
    const stream = new OutputStream(this.#chunking);
    stream.write(message.view());
    return [stream.take()];
  }

  async #put(bytes: Uint8Array): Promise<void> {
    this.#offset += bytes.length;
    await this.#sink(bytes);
  }
}

/**
 * Chunks as ORC's Java writer sizes them: a column's two large streams are to have some ten each in a stripe, so that many
 * columns do not fill memory with chunks that have only begun.
 */
function chunkBytes(stripeBytes: number, columns: number): number {
  const wanted = 2 ** Math.ceil(Math.log2(stripeBytes / (20 * columns)));
  return Math.min(largestChunk, Math.max(smallestChunk, wanted));
}

function flatten(column: Column): Column[] {
  return [column, ...column.children.flatMap(flatten)];
}

function total(streams: readonly { readonly byteLength: number }[]): number {
  return streams.reduce((sum, { byteLength }) => sum + byteLength, 0);
}
