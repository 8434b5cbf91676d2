import { invalidArgument } from '../../errors.ts';

export interface Database {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly isEncrypted: boolean;
}

/**
 * The database that a JDBC URL names. The model's pattern lets nothing else through: no options, and hosts only that have
 * "redshift" or "redshift-serverless" for a label before their last ones.
 *
 *   url = "jdbc:" ("redshift" | "postgresql") "://" host ":" port "/" database
 *
 * Passwords travel under TLS but to this machine: names below localhost are its own (RFC 6761, 6.3), which resolvers need not
 * know. Throws InvalidArgumentException.
 */
export function databaseOf(url: string): Database {
  const match = /^jdbc:(?:redshift|postgresql):\/\/([^:/]+):(\d+)\/([^/?;]+)$/.exec(url);
  const port = Number(match?.[2]);
  if (match === null || port < 1 || port > 65_535)
    throw invalidArgument(`ClusterJDBCURL ${url} is not of the form jdbc:redshift://host:port/database.`);
  const isLocal = /\.localhost$/i.test(match[1]!);
  return { host: isLocal ? 'localhost' : match[1]!, port, database: match[3]!, isEncrypted: !isLocal };
}
