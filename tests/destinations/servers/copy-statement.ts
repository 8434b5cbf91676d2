/** The COPY of Redshift from S3, as "COPY" in its developer guide has the syntax; what the bridge does not serve is refused. */
export interface CopyStatement {
  /** As the statement has it, quotes included. */
  readonly table: string;
  /** As the statement has them; undefined where it names none. */
  readonly columns: readonly string[] | undefined;
  readonly url: string;
  readonly credentials: CopyCredentials;
  readonly region: string | undefined;
  readonly isManifest: boolean;
  readonly compression: 'none' | 'GZIP' | 'ZSTD';
  readonly format: CopyFormat;
}

export type CopyCredentials =
  | { readonly roleArn: string }
  | { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string | undefined };

export interface CopyFormat {
  readonly kind: 'JSON' | 'CSV' | 'text';
  /** JSON: 'auto', 'auto ignorecase' or where the JSONPaths file lies. */
  readonly json: string;
  readonly delimiter: string;
  readonly quote: string;
  readonly nullText: string;
  readonly isEscaped: boolean;
  readonly headerLines: number;
  readonly isEmptyNull: boolean;
}

/** What Redshift answers as an ERROR; `code` is the SQLSTATE. */
export class CopyError extends Error {
  readonly code: string;
  readonly detail: string | undefined;

  constructor(message: string, code = 'XX000', detail?: string) {
    super(message);
    this.name = 'CopyError';
    this.code = code;
    this.detail = detail;
  }
}

/** Words that change nothing of what the tests look at, and how many values each has. */
const withoutEffect = new Map([
  ['COMPUPDATE', 1],
  ['STATUPDATE', 1],
  ['ENCRYPTED', 0],
  ['ACCEPTANYDATE', 0],
  ['ACCEPTINVCHARS', 0],
  ['TRUNCATECOLUMNS', 0],
  ['ROUNDEC', 0],
  ['DATEFORMAT', 1],
  ['TIMEFORMAT', 1],
  ['MAXERROR', 1],
  ['COMPROWS', 1],
]);

/** The statement, or undefined where the text is no COPY from S3 and PostgreSQL is to have it. Throws for wrong ones. */
export function parseCopy(text: string): CopyStatement | undefined {
  if (!/^\s*copy\s/i.test(text) || !/\sfrom\s+'s3:\/\//i.test(text)) return undefined;
  return new CopyParser(text).parse();
}

type Draft = { -readonly [Name in keyof CopyFormat]: CopyFormat[Name] };

class CopyParser {
  readonly #tokens: readonly string[];
  #at = 0;
  #keys: { roleArn?: string; accessKeyId?: string; secretAccessKey?: string; sessionToken?: string } = {};
  #region: string | undefined;
  #isManifest = false;
  #compression: CopyStatement['compression'] = 'none';
  readonly #format: Draft = {
    kind: 'text',
    json: '',
    delimiter: '',
    quote: '"',
    nullText: String.raw`\N`,
    isEscaped: false,
    headerLines: 0,
    isEmptyNull: false,
  };

  constructor(text: string) {
    this.#tokens = text.match(/'(?:[^']|'')*'|"(?:[^"]|"")*"|[\w$]+|[^\s\w]/g) ?? [];
  }

  parse(): CopyStatement {
    this.#expect('COPY');
    let table = this.#next();
    while (this.#takes('.')) table += `.${this.#next()}`;
    const columns = this.#columns();
    this.#expect('FROM');
    const url = this.#string();
    while (this.#at < this.#tokens.length && !this.#takes(';')) this.#option(this.#next().toUpperCase());
    if (this.#at < this.#tokens.length) throw this.#error();
    const { delimiter, kind } = this.#format;
    return {
      table,
      columns,
      url,
      credentials: this.#credentials(),
      region: this.#region,
      isManifest: this.#isManifest,
      compression: this.#compression,
      format: { ...this.#format, delimiter: delimiter || (kind === 'CSV' ? ',' : '|') },
    };
  }

  #option(word: string): void {
    const ignored = withoutEffect.get(word);
    if (ignored !== undefined) {
      if (ignored > 0) {
        this.#takes('AS');
        this.#next();
      }
    } else if (!this.#access(word) && !this.#shape(word)) throw this.#error(-1);
  }

  /** How S3 is reached. */
  #access(word: string): boolean {
    if (word === 'CREDENTIALS' || word === 'WITH') {
      if (word === 'WITH') this.#expect('CREDENTIALS');
      this.#takes('AS');
      this.#keys = keysOf(this.#string());
    } else if (word === 'IAM_ROLE') this.#keys.roleArn = this.#string();
    else if (word === 'ACCESS_KEY_ID') this.#keys.accessKeyId = this.#string();
    else if (word === 'SECRET_ACCESS_KEY') this.#keys.secretAccessKey = this.#string();
    else if (word === 'SESSION_TOKEN') this.#keys.sessionToken = this.#string();
    else if (word === 'REGION') {
      this.#takes('AS');
      this.#region = this.#string();
    } else return false;
    return true;
  }

  /** How the rows are written. */
  #shape(word: string): boolean {
    const format = this.#format;
    if (word === 'FORMAT') this.#takes('AS');
    else if (word === 'MANIFEST') this.#isManifest = true;
    else if (word === 'GZIP' || word === 'ZSTD') this.#compression = word;
    else if (word === 'JSON') {
      this.#takes('AS');
      Object.assign(format, { kind: 'JSON', json: this.#peek().startsWith("'") ? this.#string() : 'auto' });
    } else if (word === 'CSV') {
      format.kind = 'CSV';
      if (this.#takes('QUOTE')) {
        this.#takes('AS');
        format.quote = this.#string();
      }
    } else if (word === 'DELIMITER') format.delimiter = this.#escapedString();
    else if (word === 'NULL') format.nullText = this.#escapedString();
    else if (word === 'ESCAPE') format.isEscaped = true;
    else if (word === 'EMPTYASNULL') format.isEmptyNull = true;
    else if (word === 'IGNOREHEADER') {
      this.#takes('AS');
      format.headerLines = Number(this.#next());
    } else return false;
    return true;
  }

  #credentials(): CopyCredentials {
    const { roleArn, accessKeyId, secretAccessKey, sessionToken } = this.#keys;
    if (roleArn !== undefined) return { roleArn };
    if (accessKeyId === undefined || secretAccessKey === undefined)
      throw new CopyError('Credentials or IAM_ROLE clause is required', '42601');
    return { accessKeyId, secretAccessKey, sessionToken };
  }

  #columns(): string[] | undefined {
    if (!this.#takes('(')) return undefined;
    const columns: string[] = [];
    do columns.push(this.#next());
    while (this.#takes(','));
    this.#expect(')');
    return columns;
  }

  /** "\t" and octal "\011" stand for characters that cannot be seen. */
  #escapedString(): string {
    this.#takes('AS');
    const text = this.#string();
    if (text === String.raw`\t`) return '\t';
    const octal = /^\\([0-7]{3})$/.exec(text);
    return octal ? String.fromCharCode(Number.parseInt(octal[1]!, 8)) : text;
  }

  #string(): string {
    const token = this.#next();
    if (!token.startsWith("'") || token.length < 2) throw this.#error(-1);
    return token.slice(1, -1).replaceAll("''", "'");
  }

  #peek(): string {
    return this.#tokens[this.#at] ?? '';
  }

  #next(): string {
    const token = this.#tokens[this.#at];
    if (token === undefined) throw this.#error();
    this.#at += 1;
    return token;
  }

  #takes(word: string): boolean {
    const isNext = this.#peek().toUpperCase() === word;
    if (isNext) this.#at += 1;
    return isNext;
  }

  #expect(word: string): void {
    if (!this.#takes(word)) throw this.#error();
  }

  #error(offset = 0): CopyError {
    const token = this.#tokens[this.#at + offset];
    const place = token === undefined ? 'at end of input' : `at or near "${token}"`;
    return new CopyError(`syntax error ${place}`, '42601');
  }
}

/** "aws_iam_role=ARN", or "aws_access_key_id=…;aws_secret_access_key=…;token=…". */
function keysOf(text: string): { roleArn?: string; accessKeyId?: string; secretAccessKey?: string } {
  const names = new Map([
    ['aws_iam_role', 'roleArn'],
    ['aws_access_key_id', 'accessKeyId'],
    ['aws_secret_access_key', 'secretAccessKey'],
    ['token', 'sessionToken'],
  ]);
  const pairs = text.split(';').map((pair) => {
    const at = pair.indexOf('=');
    const name = names.get(pair.slice(0, at).trim());
    if (name === undefined) throw new CopyError(`Invalid credentials, unknown name in "${pair.slice(0, at)}"`, '42601');
    return [name, pair.slice(at + 1).trim()];
  });
  return Object.fromEntries(pairs) as ReturnType<typeof keysOf>;
}
