/**
 * Values by name, as settings that name places have them.
 *
 *   values = name "=" value ("," name "=" value)*
 *
 * `form` is how one looks. Throws an Error that says what is wrong, without what may be a secret; so does `valueOf`.
 */
export function readNamedValues<Value>(
  text: string | undefined,
  form: string,
  valueOf: (value: string, name: string) => Value,
): ReadonlyMap<string, Value> {
  const values = new Map<string, Value>();
  for (const part of text?.split(',') ?? []) {
    const end = part.indexOf('=');
    const name = part.slice(0, Math.max(0, end)).trim();
    if (name === '') throw new Error(`every ${form}`);
    const value = valueOf(part.slice(end + 1).trim(), name);
    if (values.has(name)) throw new Error(`${name} is named twice`);
    values.set(name, value);
  }
  return values;
}

/** Throws where a text is no URL of HTTP: its name is told, it may have a password. */
export function checkHttpUrl(text: string, name: string): string {
  const isHttp = URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
  if (!isHttp) throw new Error(`what stands for ${name} is no http:// or https:// URL`);
  return text;
}
