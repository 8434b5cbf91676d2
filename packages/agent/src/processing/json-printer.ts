/**
 * An object as one line of JSON, or as Jackson's default pretty printer lays it out: `"key" : value`, lists on one line. A map, so
 * that members stay in order: an object would put names like "1" first.
 */
export function printJson(members: ReadonlyMap<string, unknown>, format: 'COMPACT' | 'PRETTYPRINT'): string {
  if (format === 'PRETTYPRINT') return prettyObject([...members], '');
  return `{${[...members].map(([key, member]) => `${JSON.stringify(key)}:${JSON.stringify(member)}`).join(',')}}`;
}

function pretty(value: unknown, indent: string): string {
  if (Array.isArray(value)) {
    return value.length === 0 ? '[ ]' : `[ ${value.map((item) => pretty(item, indent)).join(', ')} ]`;
  }
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return prettyObject(Object.entries(value), indent);
}

function prettyObject(entries: readonly (readonly [string, unknown])[], indent: string): string {
  const deeper = `${indent}  `;
  const members = entries.map(([key, member]) => `${deeper}${JSON.stringify(key)} : ${pretty(member, deeper)}`);
  return members.length === 0 ? '{ }' : `{\n${members.join(',\n')}\n${indent}}`;
}
