/** How records get into tables of Iceberg: handed in by the server, with the catalogs that `icebergCatalogs` of the settings names. */
export interface IcebergTables {
  /**
   * Appends records to a table, as one commit. Resolves with those that do not fit, when all others are in the table; rejects
   * with AppendRefused where the table or its catalog says why nothing was appended, and with anything else where no answer
   * came: then nobody knows. An append that is made again under its id finds what it did.
   */
  append(append: TableAppend): Promise<readonly RowRefusal[]>;
}

export interface TableAppend {
  /** One of the settings' names. */
  readonly catalog: string;
  /** Which of a catalog's warehouses; the catalog's own where it is not said. */
  readonly warehouse: string | undefined;
  readonly database: string;
  readonly table: string;
  /** Names these records: never others. */
  readonly deliveryId: string;
  /** One JSON object each. */
  readonly records: readonly Buffer[];
  /** Fires when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/** A record that is not in the table. */
export interface RowRefusal {
  /** The record's place in what was to be appended. */
  readonly place: number;
  readonly code: string;
  readonly message: string;
}

/** The word of a table or its catalog that nothing was appended. */
export class AppendRefused extends Error {
  /** As Firehose's documentation names it, like Iceberg.NoSuchTable. */
  readonly code: string;
  /** It stays so: the append is not tried again. */
  readonly isFinal: boolean;

  constructor(code: string, message: string, options: { readonly isFinal: boolean; readonly cause?: unknown }) {
    super(message, options);
    this.name = 'AppendRefused';
    this.code = code;
    this.isFinal = options.isFinal;
  }
}
