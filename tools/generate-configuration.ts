/** Writes the table of settings in docs/reference/configuration.md from the server's own table. */
import { settings, variableOf } from '../packages/server/src/settings.ts';
import type { Setting } from '../packages/server/src/settings.ts';
import { writeSection } from './generated-section.ts';

const rows = (settings as readonly Setting[]).map((setting) => {
  const range =
    setting.choices?.join(', ') ?? (setting.type === 'integer' ? `${setting.min} to ${setting.max}` : setting.type);
  return `| \`--${setting.name}\` | \`${variableOf(setting.name)}\` | ${range} | ${setting.default ?? ''} | ${setting.help} |`;
});

writeSection(
  'docs/reference/configuration.md',
  'tools/generate-configuration.ts',
  ['| flag and key | variable | values | default | meaning |', '|---|---|---|---|---|', ...rows].join('\n'),
);
