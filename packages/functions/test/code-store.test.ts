import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { realWorld } from '@millrace/world';
import { openCodeStore } from '../src/code/code-store.ts';
import type { Code } from '../src/state.ts';
import { zipOf } from './support.ts';

const world = realWorld();
let directory = '';

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-code-'));
});
after(() => rm(directory, { recursive: true }));

const same = (code: Code): Promise<Code> => Promise.resolve(code);
const filesIn = async (folder: string): Promise<string[]> =>
  (await readdir(folder)).filter((name) => name !== '.unfinished').toSorted();

describe('the code of functions', () => {
  test('a zip is unpacked, found by its content, and made whole at the next start', async () => {
    const folder = join(directory, 'whole');
    const store = await openCodeStore(world, folder, []);
    const zip = zipOf({ 'index.js': 'one', 'lib/deep/two.js': 'two' });
    const code = await store.add(zip, same);
    assert.deepEqual(await store.add(zip, same), code);
    assert.equal(await readFile(join(store.directoryOf(code), 'lib/deep/two.js'), 'utf8'), 'two');
    await rm(join(store.directoryOf(code), 'index.js'));
    const again = await openCodeStore(world, folder, [code]);
    assert.equal(await readFile(join(again.directoryOf(code), 'index.js'), 'utf8'), 'one');
    assert.deepEqual(await readFile(again.pathOf(code)), zip);
  });

  test('what nothing uses is removed at the second sweep, what is being added never', async () => {
    const folder = join(directory, 'swept');
    const store = await openCodeStore(world, folder, []);
    const code = await store.add(zipOf({ 'a.js': '1' }), same);
    assert.equal(await store.sweep([code]), false);
    assert.equal(await store.sweep([]), true);
    assert.equal((await filesIn(folder)).length, 2);
    await store.add(zipOf({ 'b.js': '2' }), async (other) => {
      await store.sweep([]);
      await store.sweep([]);
      assert.equal(await readFile(join(store.directoryOf(other), 'b.js'), 'utf8'), '2');
    });
    assert.equal((await filesIn(folder)).length, 2);
    await store.sweep([]);
    await store.sweep([]);
    assert.deepEqual(await filesIn(folder), []);
  });

  test('of two files of a name the last one counts, whole', async () => {
    const store = await openCodeStore(world, join(directory, 'twice'), []);
    const zip = zipOf({ 'a.js': 'the longer one', 'b.js': 'short' });
    const twice = Buffer.from(zip.toString('latin1').replaceAll('b.js', 'a.js'), 'latin1');
    const code = await store.add(twice, same);
    assert.equal(await readFile(join(store.directoryOf(code), 'a.js'), 'utf8'), 'short');
  });

  test('nothing is left of a zip that is refused', async () => {
    const folder = join(directory, 'refused');
    const store = await openCodeStore(world, folder, []);
    const good = zipOf({ 'index.js': 'a text that is long enough to be damaged in its middle' });
    const damaged = Buffer.from(good);
    damaged[45]! ^= 1;
    const lying = Buffer.from(good);
    lying.writeUInt32LE(1, good.indexOf('PK\x01\x02') + 24);
    const otherSum = Buffer.from(good);
    otherSum.writeUInt32LE(1, good.indexOf('PK\x01\x02') + 16);
    const zips = {
      outside: zipOf({ '../outside.js': 'x' }),
      absolute: zipOf({ '/tmp/outside.js': 'x' }),
      backslashes: zipOf({ '..\\outside.js': 'x' }),
      link: zipOf({ link: '/etc/passwd' }, (0o120777 << 16) >>> 0),
      empty: zipOf({}),
      cut: good.subarray(0, 60),
      damaged,
      lying,
      otherSum,
      longName: zipOf({ [`${'n'.repeat(300)}.js`]: 'x' }),
      longPath: zipOf({ [`${'folder/'.repeat(800)}f.js`]: 'x' }),
      fileAndFolder: zipOf({ a: 'x', 'a/b': 'x' }),
      folderAndFile: zipOf({ 'a/b': 'x', a: 'x' }),
      folders: zipOf(Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`${n}/${'d/'.repeat(500)}f`, 'x']))),
    };
    for (const [name, zip] of Object.entries(zips))
      await assert.rejects(store.add(zip, same), { name: 'InvalidParameterValueException' }, name);
    assert.deepEqual(await filesIn(folder), []);
    assert.deepEqual(await readdir(join(folder, '.unfinished')), []);
  });
});
