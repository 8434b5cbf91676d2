/** How SQL statements go to databases that speak PostgreSQL's protocol, as Redshift does: handed in by the server. */
export interface StatementSender {
  /**
   * Runs one statement on a connection of its own. Rejects with StatementRefused where the database answered that it was not
   * done, and with anything else where no answer came: then nobody knows.
   */
  run(statement: Statement): Promise<void>;
}

export interface Statement {
  readonly host: string;
  readonly port: number;
  /** Whether the connection is TLS, and the certificate the host's. */
  readonly isEncrypted: boolean;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  readonly text: string;
  /** Until the database takes statements. */
  readonly connectTimeoutMs: number;
  /** From then on: the database is to give the statement up by then itself. */
  readonly timeoutMs: number;
  /** Fires when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/** The database's word that the statement was not done. */
export class StatementRefused extends Error {
  /** Five characters, as in "PostgreSQL Error Codes". */
  readonly sqlState: string;

  constructor(sqlState: string, message: string) {
    super(message);
    this.name = 'StatementRefused';
    this.sqlState = sqlState;
  }
}
