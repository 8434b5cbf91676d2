/** The arrows between packages, read from the imports themselves. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { rooms } from '../tools/layers.ts';

const packages = join(import.meta.dirname, '../packages');
test('every package is in the table', () => {
  assert.deepEqual(readdirSync(packages).toSorted(), Object.keys(rooms).toSorted());
});

test('every arrow points up the table, so that there are no cycles', () => {
  const order = Object.keys(rooms);
  for (const [at, name] of order.entries())
    for (const target of rooms[name]!.imports) assert.ok(order.slice(0, at).includes(target), `${name} to ${target}`);
});

for (const [name, { imports: may }] of Object.entries(rooms)) {
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
