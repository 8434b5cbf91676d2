/** Settings that no conversion can be made with: a type or an option that is none, or a platform without the format's writer. */
export class ConversionSettingsError extends Error {
  override readonly name = 'ConversionSettingsError';
}

/** What Firehose calls the ways in which a record fails; the last is an Iceberg table's. */
export type RecordErrorCode =
  | 'DataFormatConversion.ParseError'
  | 'DataFormatConversion.MalformedData'
  | 'Iceberg.MissingColumnWithinRecord';

/** Why a record is not in the file: `lastErrorCode` and `lastErrorMessage` of what Firehose writes to the error prefix. */
export class RecordError extends Error {
  override readonly name = 'RecordError';
  readonly code: RecordErrorCode;

  constructor(code: RecordErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** The record is no JSON. The words before the reason are AWS's; there the reason is Jackson's, here the parser's. */
export function malformedJson(reason: string): RecordError {
  return new RecordError('DataFormatConversion.ParseError', `Encountered malformed JSON. ${reason}`);
}

/** A value does not fit its column. AWS's words, and behind them the column, which AWS leaves to be guessed. */
export function misfit(reason: string, path: string): RecordError {
  const place = path === '' ? '' : ` (column ${path})`;
  return new RecordError('DataFormatConversion.MalformedData', `Data does not match the schema. ${reason}${place}`);
}

const shownCharacters = 200;

/** Java's NumberFormatException, which AWS hands through for whatever a column cannot read. */
export function unreadable(text: string, path: string): RecordError {
  const shown = text.length > shownCharacters ? `${text.slice(0, shownCharacters)}…` : text;
  return misfit(`For input string: "${shown}"`, path);
}

/** A column of the table is not in the record. The code is AWS's, as users report it; its words are not known. */
export function missingColumn(path: string): RecordError {
  return new RecordError(
    'Iceberg.MissingColumnWithinRecord',
    `The record has no value for the required column ${path}`,
  );
}

/** None of them is. */
export function noColumn(): RecordError {
  return new RecordError('Iceberg.MissingColumnWithinRecord', 'No field of the record is a column of the table');
}
