/** Settings that no conversion can be made with: a type or an option that is none, or a platform without the format's writer. */
export class ConversionSettingsError extends Error {
  override readonly name = 'ConversionSettingsError';
}

/** What Firehose calls the two ways in which a record fails. */
export type RecordErrorCode = 'DataFormatConversion.ParseError' | 'DataFormatConversion.MalformedData';

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
