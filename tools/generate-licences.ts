/**
 * Writes the licence into every package, and the notice into those that list it: npm publishes what stands in a package's
 * folder, and nothing above it.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeWhole } from './generated-section.ts';

const root = join(import.meta.dirname, '..');
for (const folder of readdirSync(join(root, 'packages'))) {
  const manifest = join(root, 'packages', folder, 'package.json');
  if (!existsSync(manifest)) continue;
  const { files = [] } = JSON.parse(readFileSync(manifest, 'utf8')) as { files?: string[] };
  for (const name of ['LICENSE', ...files.filter((file) => file === 'NOTICE')])
    writeWhole(join('packages', folder, name), readFileSync(join(root, name), 'utf8'));
}
