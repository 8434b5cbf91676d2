import type { IcebergTables, RowRefusal, TableAppend } from '@millrace/firehose';

export interface Commit {
  readonly deliveryId: string;
  readonly rows: readonly string[];
}

/** Tables in memory: each append is there once under its id, as an appender does it. */
export class MemoryTables implements IcebergTables {
  readonly appends: TableAppend[] = [];
  /** By catalog, warehouse and name. */
  readonly commits = new Map<string, Commit[]>();
  /** What is wrong: told of ids that came back with other records. */
  readonly wrong: string[] = [];
  /** Throws what an append is refused with, before it is done. */
  before: (append: TableAppend) => Promise<void> | void = () => undefined;
  /** The same, when it is done. */
  after: (append: TableAppend) => Promise<void> | void = () => undefined;

  async append(append: TableAppend): Promise<readonly RowRefusal[]> {
    this.appends.push(append);
    await this.before(append);
    const refused = this.take(append);
    await this.after(append);
    return refused;
  }

  /** Rows are what is a JSON object with a number `n`. */
  take({ catalog, warehouse, database, table, deliveryId, records }: TableAppend): RowRefusal[] {
    const name = [catalog, warehouse, database, table].filter((part) => part !== undefined).join(' ');
    const texts = records.map(String);
    const refused = texts.flatMap((text, place) =>
      /^\{"n":\d+[,}]/.test(text) ? [] : [{ place, code: 'DataFormatConversion.ParseError', message: 'no JSON' }],
    );
    const rows = texts.filter((_, place) => !refused.some((one) => one.place === place));
    const commits = this.commits.get(name) ?? [];
    this.commits.set(name, commits);
    const made = commits.find((commit) => commit.deliveryId === deliveryId);
    if (made === undefined && rows.length > 0) commits.push({ deliveryId, rows });
    if (made !== undefined && made.rows.join('\n') !== rows.join('\n')) this.wrong.push(deliveryId);
    return refused;
  }

  rows(name: string): string[] {
    return (this.commits.get(name) ?? []).flatMap(({ rows }) => rows);
  }
}
