import { openFolderStore } from '@millrace/firehose';
import type { ObjectStore } from '@millrace/firehose';
import { realWorld } from '@millrace/world';
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

async function withStore(run: (store: ObjectStore, directory: string) => Promise<void>): Promise<void> {
  const parent = await mkdtemp(join(tmpdir(), 'millrace-folder-'));
  try {
    await run(await openFolderStore(realWorld().disk, join(parent, 'buckets')), parent);
  } finally {
    await rm(parent, { recursive: true, force: true });
  }
}

async function filesOf(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .toSorted();
}

const { signal } = new AbortController();

function put(store: ObjectStore, bucket: string, key: string, text = 'x'): Promise<void> {
  return store.put({ bucket, key, body: [Buffer.from(text)], kmsKeyArn: undefined, signal });
}

test('no bucket and no key leads out of the folder, or into what is emptied at the start', () =>
  withStore(async (store, parent) => {
    for (const bucket of ['..', '.', '.unfinished', '...'])
      for (const key of ['key', '../key', '/..//./key', 'a/../../../key']) await put(store, bucket, key);
    assert.deepEqual(await readdir(parent), ['buckets']);
    const before = await filesOf(parent);
    assert.equal(before.length, 16);
    await openFolderStore(realWorld().disk, join(parent, 'buckets'));
    assert.deepEqual(await filesOf(parent), before);
  }));

test('what could not be stored leaves nothing on the disk', () =>
  withStore(async (store, parent) => {
    await put(store, 'logs', 'a');
    await assert.rejects(put(store, 'logs', 'a/b'));
    assert.deepEqual(await filesOf(parent), ['buckets/logs/a']);
  }));

test('a key has as many bytes as it likes, in whatever script', () =>
  withStore(async (store, parent) => {
    await put(store, 'logs', `${'x'.repeat(255)}../${'語'.repeat(200)}/end`);
    assert.deepEqual(await filesOf(parent), [
      `buckets/logs/${'x'.repeat(255)}/%2E%2E/${'語'.repeat(85)}/${'語'.repeat(85)}/${'語'.repeat(30)}/end`,
    ]);
  }));
