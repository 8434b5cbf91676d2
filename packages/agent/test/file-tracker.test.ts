import assert from 'node:assert/strict';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { realWorld } from '@millrace/world';
import { FileTracker } from '../src/tailing/file-tracker.ts';
import { positionAt } from '../src/tailing/tracked-file.ts';
import { testFolder } from './support.ts';

test('a closed file that is renamed just before it is looked at keeps its place', async (context) => {
  const directory = await testFolder(context);
  const path = join(directory, 'app.log');
  await writeFile(path, 'one\ntwo\n');
  const { disk, clock } = realWorld();
  const tracker = new FileTracker({
    disk,
    clock,
    directory,
    matches: () => true,
    isFromStart: false,
    refreshMs: 60_000,
    endOf: (file) => positionAt(file, 8),
    onEvent: () => undefined,
  });
  await tracker.begin(undefined);
  tracker.files[0]!.seenSize = 8;
  tracker.files[0]!.isUnread = false;
  await tracker.closeIdle(0);
  await rename(path, `${path}.1`);
  tracker.replaced();
  await tracker.refresh();
  assert.deepEqual(
    tracker.files.map((file) => [file.path, file.position.offset]),
    [[`${path}.1`, 8]],
  );
  await tracker.close();
});
