import type { Shape } from '@millrace/model';

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

export function escapeXml(text: string): string {
  // What XML cannot hold at all is left out.
  return (
    text
      .replaceAll(/[&<>"']/g, (character) => escapes[character]!)
      // eslint-disable-next-line no-control-regex -- these are what must not be there
      .replaceAll(/[\x00-\x08\x0b\x0c\x0e-\x1f]/g, '')
  );
}

/** A value's inner XML: members by name, list items as `member`, timestamps in ISO 8601, blobs in base64. */
export function xmlOf(value: unknown, shape: Shape): string {
  switch (shape.type) {
    case 'structure':
      return shape.members
        .map(({ name, shape: member }) => element(name, (value as Record<string, unknown>)[name], member))
        .join('');
    case 'list':
      return (value as readonly unknown[]).map((item) => element('member', item, shape.element)).join('');
    case 'map':
      return Object.entries(value as object)
        .map(([key, entry]) => `<entry><key>${escapeXml(key)}</key>${element('value', entry, shape.value)}</entry>`)
        .join('');
    case 'timestamp':
      return new Date(value as number).toISOString().replace('.000Z', 'Z');
    case 'blob':
      return (value as Buffer).toString('base64');
    default:
      return escapeXml(String(value));
  }
}

function element(name: string, value: unknown, shape: Shape): string {
  return value === undefined || value === null ? '' : `<${name}>${xmlOf(value, shape)}</${name}>`;
}
