import assert from 'node:assert/strict';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { realWorld } from '@millrace/world';
import { FileTracker } from '../src/tailing/file-tracker.ts';
import { positionAt } from '../src/tailing/tracked-file.ts';
import { fingerprintOf } from '../src/tailing/fingerprint.ts';
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

test('a file that is rotated while its checkpoint is taken up is gone on with nowhere else', async (context) => {
  const directory = await testFolder(context);
  const path = join(directory, 'app.log');
  const content = Buffer.from('one\ntwo\n');
  await writeFile(path, content);
  const { disk, clock } = realWorld();
  let opens = 0;
  const rotate = async (): Promise<void> => {
    await rename(path, `${path}.1`);
    await writeFile(path, 'three\nfour\nfive\n');
  };
  const tracker = new FileTracker({
    disk: {
      ...disk,
      open: async (name, mode) => {
        opens += 1;
        if (opens === 2) await rotate();
        return disk.open(name, mode);
      },
    },
    clock,
    directory,
    matches: () => true,
    isFromStart: true,
    refreshMs: 0,
    endOf: (file) => positionAt(file, 0),
    onEvent: () => undefined,
  });
  const { inode, device } = (await disk.stat(path))!;
  const fileId = `(dev=${device.toString(16)},ino=${inode})`;
  const fingerprint = fingerprintOf(8, content, content);
  await tracker.begin([{ path, fileId, lastModifiedMs: 0, size: 8, offset: 8, fingerprint }]);
  if (opens < 2) await rotate();
  await tracker.refresh();
  assert.deepEqual(
    tracker.files.map((file) => [file.path, file.position.offset]),
    [
      [`${path}.1`, 8],
      [path, 0],
    ],
  );
  await tracker.close();
});
