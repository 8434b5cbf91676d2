import type { CopyCommand } from '@millrace/model/firehose';
import { invalidArgument } from '../../errors.ts';

/**
 * The statement that loads what a manifest lists, as AWS's console shows it:
 *
 *   COPY table (columns) FROM 's3://bucket/manifest' CREDENTIALS 'aws_iam_role=arn' MANIFEST options
 *
 * Table and columns are names and nothing else: what is neither a plain name nor in quotes already is quoted. The options are
 * the user's own text, as at AWS; GZIP stands among them where the objects are compressed.
 * Throws InvalidArgumentException where table or columns cannot be names.
 */
export function copyStatement(command: CopyCommand, roleArn: string, manifestUrl: string): string {
  const { DataTableName: table, DataTableColumns: columns = '', CopyOptions: options = '' } = command;
  const list = columns.trim() === '' ? '' : ` (${namesIn('DataTableColumns', columns, ',').join(', ')})`;
  const name = namesIn('DataTableName', table, '.').join('.');
  const source = `FROM ${quoted(manifestUrl)} CREDENTIALS ${quoted(`aws_iam_role=${roleArn}`)} MANIFEST`;
  return `COPY ${name}${list} ${source} ${options.trim().replace(/;+$/, '')}`.trimEnd();
}

/** Throws InvalidArgumentException for text that Redshift, where a backslash escapes, and PostgreSQL would read differently. */
export function checkLiteral(member: string, text: string | undefined): void {
  if (text?.includes('\\') === true) throw invalidArgument(`${member} cannot have a backslash with Redshift.`);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** As PostgreSQL and Redshift take it without quotes. */
const plainName = /^[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*$/;

function namesIn(member: string, text: string, separator: '.' | ','): string[] {
  const names = text.match(separator === '.' ? /(?:"(?:[^"]|"")*"|[^".])+|^$/g : /(?:"(?:[^"]|"")*"|[^",])+|^$/g) ?? [];
  const isWhole = names.join(separator) === text && !text.includes('\0');
  const trimmed = names.map((name) => name.trim());
  if (!isWhole || trimmed.includes('') || trimmed.includes('""'))
    throw invalidArgument(`${member} ${text} has no name, or a quote that does not end.`);
  return trimmed.map((name) => {
    if (plainName.test(name) || /^"(?:[^"]|"")+"$/.test(name)) return name;
    return `"${name.replaceAll('"', '""')}"`;
  });
}
