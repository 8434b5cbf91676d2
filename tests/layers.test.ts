/** The arrows between packages, read from the imports themselves: the same table as ARCHITECTURE.md. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const packages = join(import.meta.dirname, '../packages');
const allowed: Record<string, string[]> = {
  world: [],
  aggregation: [],
  model: [],
  protocol: ['model'],
  access: ['world', 'model'],
  log: ['world'],
  'data-streams': ['world', 'model', 'log'],
  producer: ['world', 'aggregation'],
  consumer: ['world', 'aggregation'],
  cli: ['producer', 'consumer'],
  cloudwatch: ['world', 'model'],
  'lease-tables': ['world', 'model', 'log'],
  server: ['world', 'model', 'protocol', 'access', 'log', 'data-streams', 'lease-tables', 'cloudwatch', 'cli'],
};

test('every package is in the table', () => {
  assert.deepEqual(readdirSync(packages).toSorted(), Object.keys(allowed).toSorted());
});

for (const [name, may] of Object.entries(allowed)) {
  test(`${name} imports only ${may.length === 0 ? 'Node' : may.join(', ')}`, () => {
    const folder = join(packages, name, 'src');
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
    assert.ok(files.length > 0);
    for (const file of files) {
      const text = readFileSync(join(folder, file), 'utf8');
      for (const [, target] of text.matchAll(/from '(@millrace\/[^'/]+|millrace)(?:\/[^']*)?'/g)) {
        assert.ok(may.includes(target!.replace('@millrace/', '')), `${name}/src/${file} imports ${target}`);
      }
      for (const [, target] of text.matchAll(/from '(\.[^']*)'/g)) {
        assert.ok(
          !join(folder, file, '..', target!).startsWith(join(packages)) ||
            join(folder, file, '..', target!).startsWith(folder),
          `${file} leaves its package: ${target}`,
        );
      }
    }
  });
}
