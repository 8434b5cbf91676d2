import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { openKeyRing } from '@millrace/access';
import { realWorld } from '@millrace/world';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-keys-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const open = (): ReturnType<typeof openKeyRing> => openKeyRing({ world: realWorld(), directory });
const context = Buffer.from('context');

test('what is sealed is not the plain text, opens again, also after a restart, and never under another key or context', async () => {
  const ring = await open();
  const [first, second] = [await ring.create('alias/a', '1', 'r'), await ring.create('alias/a', '1', 'r')];
  assert.notEqual(first, second);
  const plain = Buffer.from('a secret that is long enough to look for');
  const sealed = ring.seal(first, plain, context);
  assert.equal(sealed.indexOf('secret'), -1);
  assert.notDeepEqual(ring.seal(first, plain, context), sealed, 'a nonce came twice');
  const again = await open();
  assert.deepEqual(again.open(first, sealed, context), plain);
  assert.throws(() => again.open(second, sealed, context));
  assert.throws(() => again.open(first, sealed, Buffer.from('other')));
  assert.throws(() => again.open(99, sealed, context), /not in the key ring/);
  sealed[20]! ^= 1;
  assert.throws(() => again.open(first, sealed, context));
  assert.equal(await again.create('alias/b', '1', 'r'), second + 1);
});

test('data keys are wrapped, a torn last one is cut, and another master key opens nothing', async () => {
  const ring = await open();
  await ring.create('alias/a', '1', 'r');
  const path = join(directory, 'data.keys');
  const whole = await readFile(path);
  await ring.create('alias/b', '1', 'r');
  await writeFile(path, (await readFile(path)).subarray(0, whole.length + 10));
  assert.equal(await (await open()).create('alias/c', '1', 'r'), 2);
  await writeFile(join(directory, 'master.key'), Buffer.alloc(32, 1));
  await assert.rejects(open(), /not made under this master key/);
});

test('a derived key is always the same for a name, and another for another', async () => {
  const [one, two] = [await open(), await open()];
  assert.deepEqual(one.derive('a'), two.derive('a'));
  assert.notDeepEqual(one.derive('a'), one.derive('b'));
});
