/** One type's values, from avsc's to JSON's and back. `fromJson` throws ValueError for what the type does not have. */
export interface Codec {
  readonly toJson: (value: never) => unknown;
  readonly fromJson: (json: unknown, path: string) => unknown;
}

export class ValueError extends Error {
  override readonly name = 'ValueError';
}

/** Throws ValueError. */
export function misfit(json: unknown, path: string, type: string): never {
  const shown = JSON.stringify(json) ?? 'nothing';
  throw new ValueError(`${path === '' ? 'the record' : path}: ${shown.slice(0, 100)} is no ${type}`);
}
