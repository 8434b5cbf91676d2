/** A data directory copied while its server writes to it: what such a copy is worth. */
import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { startServer } from '../../tools/server-process.ts';
import { kinesisCaller } from './caller.ts';
import { Ledger } from './ledger.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-copy-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Copies file by file, as cp -r does; files that go away meanwhile are left out. */
async function copy(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const entry of (await readdir(from, { withFileTypes: true })).toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.isDirectory()) await copy(join(from, entry.name), join(to, entry.name));
    else if (entry.isFile()) {
      await copyFile(join(from, entry.name), join(to, entry.name)).catch((error: NodeJS.ErrnoException) =>
        assert.equal(error.code, 'ENOENT'),
      );
    }
  }
}

for (const [title, parts, isComplete] of [
  // docs/operations.md: what leaves the journal is in the segments before, so a copy in this order has everything.
  [
    'journal, segments, then the rest: it has all that was acknowledged before',
    ['log/journal', 'log/segments', ''],
    true,
  ],
  ['in the worst order: what it has is whole and in order', ['registry', 'log/segments', 'log/journal', ''], false],
] as const) {
  test(`copied under load, ${title}`, async () => {
    const data = join(folder, 'data');
    const args = ['--limits', 'none', '--transition-ms', '0', '--hot-mib', '4'];
    const server = await startServer(['--data', data, ...args]);
    const ledger = new Ledger();
    const call = kinesisCaller(server.endpoint);
    await ledger.createStream(call);
    const load = ledger.write(call);
    await ledger.untilTotal(30_000);
    const copies: { path: string; acknowledged: Set<number>[] }[] = [];
    for (let round = 0; round < 4; round += 1) {
      const path = join(folder, `copy-${round}`);
      const acknowledged = ledger.copy();
      for (const part of parts) if (part !== '') await copy(join(data, part), join(path, part));
      for (const part of ['FORMAT', 'keys', 'registry', 'log'])
        if (part === 'FORMAT') await copyFile(join(data, part), join(path, part));
        else if (!parts.some((done) => done.startsWith(part))) await copy(join(data, part), join(path, part));
      copies.push({ path, acknowledged });
    }
    ledger.stop();
    await load;
    assert.equal(await server.stop(), 0, server.log());
    for (const { path, acknowledged } of copies) {
      const again = await startServer(['--data', path, ...args]);
      await ledger.check(kinesisCaller(again.endpoint), isComplete ? acknowledged : []);
      assert.equal(await again.stop(), 0, again.log());
    }
  });
}
