/** What Redshift's COPY reads from S3, and the text that PostgreSQL's COPY … FROM STDIN takes in its place. */
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { GetObjectCommand, ListObjectsV2Command, S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { CopyError } from './copy-statement.ts';
import type { CopyFormat, CopyStatement } from './copy-statement.ts';
import { cellsByName, cellsByPath, jsonObjects, jsonPathsOf, jsonValue } from './json-rows.ts';
import type { Cell } from './json-rows.ts';
import type { S3Access } from './s3.ts';

interface Place {
  readonly bucket: string;
  readonly key: string;
}

function placeOf(url: string): Place {
  const match = /^s3:\/\/([^/]+)\/(.+)$/.exec(url);
  if (match === null) throw new CopyError(`The S3 path is not valid: ${url}`);
  return { bucket: match[1]!, key: match[2]! };
}

/** Reads with the credentials of the statement; a role's are those of `s3`. */
export class CopySource {
  readonly #client: S3Client;
  readonly #statement: CopyStatement;

  constructor(statement: CopyStatement, s3: S3Access) {
    const { credentials } = statement;
    this.#statement = statement;
    this.#client = new S3Client({
      endpoint: s3.endpoint,
      region: statement.region ?? s3.region,
      forcePathStyle: true,
      credentials: 'roleArn' in credentials ? s3 : credentials,
    });
  }

  close(): void {
    this.#client.destroy();
  }

  /** The files' text, decompressed, as PostgreSQL's COPY takes it with `options`. */
  async read(columns: readonly string[]): Promise<{ readonly text: string; readonly options: string }> {
    const { format } = this.#statement;
    const files: string[] = [];
    for (const place of await this.#places()) files.push(this.#decompress(await this.#get(place)).toString('utf8'));
    if (format.kind !== 'JSON') return plainText(files, format);
    const cells = await this.#cellsOf(columns);
    return {
      text: files.flatMap((file) => [...jsonObjects(file)].map((row) => line(cells(row)))).join(''),
      options: '',
    };
  }

  async #cellsOf(columns: readonly string[]): Promise<(row: Record<string, unknown>) => Cell[]> {
    const { json } = this.#statement.format;
    if (/^auto( ignorecase)?$/.test(json)) return (row) => cellsByName(row, columns, json !== 'auto');
    const paths = jsonPathsOf((await this.#get(placeOf(json))).toString('utf8'));
    if (paths.length !== columns.length)
      throw new CopyError('Number of jsonpaths and the number of columns should match');
    return (row) => cellsByPath(row, paths);
  }

  async #places(): Promise<Place[]> {
    const place = placeOf(this.#statement.url);
    return this.#statement.isManifest ? this.#listed(place) : this.#below(place);
  }

  /** Those of a manifest; what is missing and not mandatory is left out, but not everything. */
  async #listed(manifest: Place): Promise<Place[]> {
    const text = (await this.#get(manifest, 'Problem reading manifest file - ')).toString('utf8');
    const { entries } = jsonValue<{ entries?: { url: string; mandatory?: boolean }[] }>(text);
    if (!Array.isArray(entries)) throw new CopyError('Problem reading manifest file - it has no entries');
    const found: Place[] = [];
    for (const { url, mandatory = false } of entries) {
      const place = placeOf(url);
      const keys = (await this.#below(place)).filter(({ key }) => key === place.key);
      if (keys.length === 0 && mandatory) throw missing(`The specified key ${url} does not exist.`);
      found.push(...keys);
    }
    if (found.length === 0) throw missing('No file of the manifest exists.');
    return found;
  }

  /** "COPY … FROM 's3://bucket/prefix'" reads every object whose key begins so. */
  async #below({ bucket, key: prefix }: Place): Promise<Place[]> {
    const keys: string[] = [];
    let token: string | undefined;
    do {
      const page = await this.#answered(
        this.#client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ContinuationToken: token })),
      );
      keys.push(...(page.Contents ?? []).map(({ Key: key = '' }) => key).filter((key) => !key.endsWith('/')));
      token = page.NextContinuationToken;
    } while (token !== undefined);
    if (keys.length === 0 && !this.#statement.isManifest)
      throw new CopyError(`The specified S3 prefix '${prefix}' does not exist`);
    return keys.map((key) => ({ bucket, key }));
  }

  async #get({ bucket, key }: Place, before = ''): Promise<Buffer> {
    const { Body } = await this.#answered(
      this.#client.send(new GetObjectCommand({ Bucket: bucket, Key: key })),
      before,
    );
    return Buffer.from(await Body!.transformToByteArray());
  }

  async #answered<Answer>(answer: Promise<Answer>, before = ''): Promise<Answer> {
    try {
      return await answer;
    } catch (error) {
      if (!(error instanceof S3ServiceException)) throw new CopyError(`S3CurlException: ${String(error)}`);
      const { name, message, $metadata } = error;
      throw new CopyError(`${before}${serviceMessage(message, $metadata.httpStatusCode ?? 0, name)}`);
    }
  }

  #decompress(bytes: Buffer): Buffer {
    const { compression } = this.#statement;
    try {
      if (compression === 'GZIP') return gunzipSync(bytes);
      return compression === 'ZSTD' ? zstdDecompressSync(bytes) : bytes;
    } catch {
      throw new CopyError('The file is not in the compression that the statement says.');
    }
  }
}

function serviceMessage(message: string, status: number, name: string): string {
  return `S3ServiceException:${message},Status ${status},Error ${name},Rid 0,ExtRid 0,CanRetry 1`;
}

function missing(message: string): CopyError {
  return new CopyError(serviceMessage(message, 404, 'NoSuchKey'));
}

/** A row of PostgreSQL's text format. */
function line(cells: readonly Cell[]): string {
  const text = (cell: string): string =>
    cell.replaceAll('\\', '\\\\').replaceAll('\t', '\\t').replaceAll('\n', '\\n').replaceAll('\r', '\\r');
  return `${cells.map((cell) => (cell === null ? String.raw`\N` : text(cell))).join('\t')}\n`;
}

function plainText(files: readonly string[], format: CopyFormat): { readonly text: string; readonly options: string } {
  const { kind, delimiter, quote, nullText, isEscaped, headerLines, isEmptyNull } = format;
  const bodies = files.map((file) => {
    const lines = file.split('\n').slice(headerLines);
    return lines.at(-1) === '' || lines.length === 0 ? lines.join('\n') : `${lines.join('\n')}\n`;
  });
  const text = bodies.join('');
  const nulls = isEmptyNull ? '' : nullText;
  const shared = `DELIMITER ${quoted(delimiter)}, NULL ${quoted(nulls)}`;
  if (kind === 'CSV') return { text, options: ` WITH (FORMAT csv, ${shared}, QUOTE ${quoted(quote)})` };
  // Without ESCAPE a backslash is a character like others; that of a null stays.
  const plain = isEscaped
    ? text
    : text.replaceAll('\\', '\\\\').replaceAll(nullText.replaceAll('\\', '\\\\'), nullText);
  return { text: plain, options: ` WITH (FORMAT text, ${shared})` };
}

export function quoted(text: string): string {
  return `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''").replaceAll('\t', '\\t')}'`;
}
