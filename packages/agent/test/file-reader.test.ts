import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { realWorld } from '@millrace/world';
import { Counters } from '../src/sending/counters.ts';
import { FileReader } from '../src/tailing/file-reader.ts';
import { lineSplitter } from '../src/tailing/splitter.ts';
import { fileIdOf, start, TrackedFile } from '../src/tailing/tracked-file.ts';
import type { Position } from '../src/tailing/tracked-file.ts';
import { testFolder } from './support.ts';

test('the place that was reached does not keep the chunk that was read', async (context) => {
  const path = join(await testFolder(context), 'app.log');
  await writeFile(path, `${'x'.repeat(99)}\n`.repeat(1000));
  const { disk, clock } = realWorld();
  const reached: (Position | undefined)[] = [];
  const reader = new FileReader({
    clock,
    splitter: lineSplitter(),
    skipHeaderLines: 0,
    footer: undefined,
    bufferBytes: 1 << 20,
    quietMs: 0,
    refreshMs: 0,
    counters: new Counters(),
    open: (name) => disk.open(name, 'read'),
    stat: (name) => disk.stat(name),
    room: () => Promise.resolve(),
    onRecord: (_data, _file, position) => void reached.push(position),
    onAdvance: () => undefined,
  });
  const file = await disk.open(path, 'read');
  context.after(() => file.close());
  const tracked = new TrackedFile(path, fileIdOf(await file.stat()), { file, position: start, head: Buffer.alloc(0) });
  await reader.look(tracked);
  const last = reached.at(-1)!;
  assert.equal(last.offset, 100_000);
  assert.equal(last.tail.toString(), `${'x'.repeat(99)}\n`.repeat(3).slice(-256));
  assert.ok(last.tail.buffer.byteLength < 100_000, `${last.tail.buffer.byteLength} bytes`);
});
