import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { openEmbeddedLog } from '@millrace/log';
import type { BlockCipher, EmbeddedLogOptions, LogRecord, ShardLog } from '@millrace/log';
import { realWorld } from '@millrace/world';
import type { World } from '@millrace/world';

let directory = '';
const reports: string[] = [];
const cipher: BlockCipher = {
  // Turns every bit: enough to see that what is on disk is not what was given.
  seal: (_keyRef, plain) => Buffer.from(plain.map((byte) => byte ^ 0xff)),
  open: (_keyRef, sealed) => Buffer.from(sealed.map((byte) => byte ^ 0xff)),
};

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-log-'));
  reports.length = 0;
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const report = (message: string): void => void reports.push(message);

function open(options: Partial<EmbeddedLogOptions> = {}): Promise<ShardLog> {
  return openEmbeddedLog({ world: realWorld(), directory, cipher, journalFileBytes: 1 << 20, report, ...options });
}

function batch(from: number, count: number, size = 50): LogRecord[] {
  return Array.from({ length: count }, (_, offset) => ({
    partitionKey: `key-${from + offset}`,
    data: Buffer.alloc(size, `${from + offset} `),
  }));
}

async function readAll(log: ShardLog, logId: number, from = 0, maxRecords = 1000): Promise<string[]> {
  const keys: string[] = [];
  let next = from;
  for (;;) {
    const { records, nextIndex, tailIndex } = await log.read(logId, next, { maxRecords, maxBytes: 1 << 20 });
    for (const record of records) {
      assert.equal(record.data.toString().slice(0, 8), Buffer.alloc(8, `${record.partitionKey.slice(4)} `).toString());
      keys.push(`${record.index}:${record.partitionKey}`);
    }
    next = nextIndex;
    if (nextIndex >= tailIndex) return keys;
  }
}

const expected = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, n) => `${from + n}:key-${from + n}`);

test('appended records are read back in order, from memory, from segments and after a restart', async () => {
  const log = await open({ hotBytes: 100_000 });
  await log.create(1);
  for (let from = 0; from < 5000; from += 50) await log.append(1, batch(from, 50), 0);
  assert.deepEqual(await readAll(log, 1), expected(5000));
  assert.ok(log.metrics()['flushes']! > 3);
  await log.stop();
  const again = await open({ hotBytes: 100_000 });
  await again.create(1);
  assert.deepEqual(await readAll(again, 1), expected(5000));
  assert.deepEqual(await readAll(again, 1, 4321, 7), expected(679, 4321));
  assert.deepEqual(
    await again.append(1, batch(5000, 1), 0).then((outcome) => outcome !== 'closed' && outcome.firstIndex),
    5000,
  );
  await again.stop();
});

test('a directory copied while it is written holds every record acknowledged before the copy', async () => {
  const log = await open({ hotBytes: 50_000 });
  await log.create(7);
  for (let from = 0; from < 2000; from += 10) await log.append(7, batch(from, 10), 0);
  // Not stopped: what is on disk now is what a crash would leave.
  const copy = await open({ hotBytes: 50_000 });
  await copy.create(7);
  assert.deepEqual(await readAll(copy, 7), expected(2000));
  await copy.stop();
  await log.stop();
});

test('a torn last write is cut, and what stands before it is kept', async () => {
  const log = await open();
  await log.create(1);
  await log.append(1, batch(0, 10), 0);
  const first = (await readdir(join(directory, 'journal')))[0]!;
  const path = join(directory, 'journal', first);
  const bytes = await readFile(path);
  await log.append(1, batch(10, 10), 0);
  const longer = await readFile(path);
  await log.stop();
  const end = lastNonZero(bytes) + 1;
  longer.fill(0, end + 300);
  for (const name of await readdir(join(directory, 'journal'))) await rm(join(directory, 'journal', name));
  await writeFile(path, longer);
  const again = await open();
  await again.create(1);
  assert.deepEqual(await readAll(again, 1), expected(10));
  assert.deepEqual(reports, []);
  await again.stop();
});

test('a damaged entry in the middle of the journal is reported and never served; its neighbours are', async () => {
  const log = await open();
  await log.create(1);
  for (let from = 0; from < 30; from += 10) await log.append(1, batch(from, 10), 0);
  await log.stop();
  const path = join(directory, 'journal', (await readdir(join(directory, 'journal')))[0]!);
  const bytes = await readFile(path);
  bytes[bytes.indexOf('key-15') + 2]! ^= 1;
  await writeFile(path, bytes);
  const again = await open();
  await again.create(1);
  assert.deepEqual(await readAll(again, 1), [...expected(10), ...expected(10, 20)]);
  assert.equal(reports.length, 1);
  // Numbers of what was lost are never given again, at no later start either.
  const { nextIndex } = again.status(1)!;
  assert.ok(nextIndex > 30);
  await again.stop();
  const later = await open();
  await later.create(1);
  assert.equal(later.status(1)!.nextIndex, nextIndex);
  const outcome = await later.append(1, batch(nextIndex, 1), 0);
  assert.ok(outcome !== 'closed' && outcome.firstIndex === nextIndex);
  assert.deepEqual(await readAll(later, 1), [...expected(10), ...expected(10, 20), ...expected(1, nextIndex)]);
  await later.stop();
});

test('a damaged block of a segment is reported and skipped; a lost index is made again', async () => {
  const log = await open({ hotBytes: 1 });
  await log.create(1);
  for (let from = 0; from < 4000; from += 100) await log.append(1, batch(from, 100, 100), 0);
  await log.stop();
  await (await open({ hotBytes: 1 })).stop();
  const folder = join(directory, 'segments/1');
  const segment = (await readdir(folder)).find((name) => name.endsWith('.seg'))!;
  const bytes = await readFile(join(folder, segment));
  bytes[bytes.indexOf('key-1234')]! ^= 1;
  await writeFile(join(folder, segment), bytes);
  const damaged = await open({ hotBytes: 1 });
  await damaged.create(1);
  const keys = await readAll(damaged, 1);
  assert.ok(keys.length < 4000 && keys.length > 2000, `${keys.length} records`);
  assert.ok(!keys.includes('1234:key-1234') && keys.includes('1199:key-1199') && keys.at(-1) === '3999:key-3999');
  assert.match(reports.join('\n'), /damaged at/);
  await damaged.stop();
  bytes[bytes.indexOf('jey-1234')]! ^= 1;
  await writeFile(join(folder, segment), bytes);
  await rm(join(folder, segment.replace('seg', 'idx')));
  const rebuilt = await open({ hotBytes: 1 });
  await rebuilt.create(1);
  assert.deepEqual(await readAll(rebuilt, 1), expected(4000));
  await rebuilt.stop();
});

test('sealed batches are not readable on disk, in the journal or in segments, and are read back plain', async () => {
  const log = await open({ hotBytes: 20_000 });
  await log.create(1);
  for (let from = 0; from < 500; from += 10) await log.append(1, batch(from, 10), from < 250 ? 0 : 3);
  const { records } = await log.read(1, 400, { maxRecords: 1, maxBytes: 1000 });
  assert.equal(records[0]!.keyRef, 3);
  await log.stop();
  const files = await readdir(directory, { recursive: true, withFileTypes: true });
  for (const file of files.filter((entry) => entry.isFile())) {
    assert.equal((await readFile(join(file.parentPath, file.name))).indexOf('key-400'), -1);
  }
  const again = await open();
  await again.create(1);
  assert.deepEqual(await readAll(again, 1), expected(500));
  await again.stop();
});

test('a reader at the tail sees every record once and in order while 32 writers append', async () => {
  const log = await open({ hotBytes: 200_000 });
  await log.create(1);
  const seen: number[] = [];
  const total = 32 * 100;
  const reader = (async () => {
    let next = 0;
    while (seen.length < total) {
      const outcome = await log.read(1, next, { maxRecords: 500, maxBytes: 1 << 20 });
      for (const { index } of outcome.records) seen.push(index);
      next = outcome.nextIndex;
      if (seen.length < total && next >= outcome.tailIndex)
        await new Promise<void>((wake) => void log.wait(1, next, wake));
    }
  })();
  const given = new Set<number>();
  await Promise.all(
    Array.from({ length: 32 }, async () => {
      for (let n = 0; n < 100; n += 1) {
        const outcome = await log.append(1, batch(n, 1), 0);
        assert.ok(outcome !== 'closed' && !given.has(outcome.firstIndex));
        given.add(outcome.firstIndex);
      }
    }),
  );
  await reader;
  assert.deepEqual(seen, [...Array(total).keys()]);
  await log.stop();
});

test('close waits for appends under way, refuses later ones, and says the final index', async () => {
  const log = await open();
  await log.create(1);
  const underway = log.append(1, batch(0, 3), 0);
  const closing = log.close(1);
  assert.equal(await log.append(1, batch(3, 3), 0), 'closed');
  assert.equal(await closing, 3);
  assert.notEqual(await underway, 'closed');
  await log.stop();
});

test('trimmed records are not served, by time exactly, and whole segments leave the disk', async () => {
  let now = 1_000_000_000_000;
  const world: World = { ...realWorld(), clock: { ...realWorld().clock, now: () => now } };
  const log = await open({ world, hotBytes: 1 });
  await log.create(1);
  for (let from = 0; from < 100; from += 10) {
    await log.append(1, batch(from, 10), 0);
    now += 1_800_000;
  }
  assert.equal(await log.firstAtOrAfter(1, 1_000_000_000_000 + 1_800_000 * 3), 30);
  assert.equal(await log.firstAtOrAfter(1, 1_000_000_000_000 + 1_800_000 * 3 + 1), 40);
  assert.equal(await log.firstAtOrAfter(1, 0), 0);
  assert.equal(await log.firstAtOrAfter(1, now), 100);
  const before = log.metrics()['segments']!;
  await log.trim(1, 1_000_000_000_000 + 1_800_000 * 5);
  assert.deepEqual(await readAll(log, 1), expected(50, 50));
  assert.ok(log.metrics()['segments']! < before);
  await log.trim(1, now);
  assert.deepEqual(await readAll(log, 1), []);
  await log.stop();
  const again = await open({ world, hotBytes: 1 });
  await again.create(1);
  assert.equal(
    await again.append(1, batch(100, 1), 0).then((outcome) => outcome !== 'closed' && outcome.firstIndex),
    100,
  );
  await again.stop();
});

test('a full disk refuses appends with a retryable error and stores nothing of them; room again, it goes on', async () => {
  let full = false;
  const world = failingWorld((operation) => (operation === 'write' && full ? 'ENOSPC' : undefined));
  const log = await open({ world });
  await log.create(1);
  await log.append(1, batch(0, 5), 0);
  full = true;
  await assert.rejects(log.append(1, batch(5, 5), 0), { retryable: true });
  full = false;
  assert.deepEqual(
    await log.append(1, batch(5, 5), 0).then((outcome) => outcome !== 'closed' && outcome.firstIndex),
    5,
  );
  assert.deepEqual(await readAll(log, 1), expected(10));
  await log.stop();
});

test('after a failed sync every later append is refused', async () => {
  let broken = false;
  const world = failingWorld((operation) => (operation === 'datasync' && broken ? 'EIO' : undefined));
  const log = await open({ world });
  await log.create(1);
  await log.append(1, batch(0, 5), 0);
  broken = true;
  await assert.rejects(log.append(1, batch(5, 5), 0), { retryable: false });
  broken = false;
  await assert.rejects(log.append(1, batch(5, 5), 0), { retryable: false });
  assert.match(String(log.failure()), /sync/);
  assert.deepEqual(await readAll(log, 1), expected(5));
});

test('a sync that fails before a batch goes on in the next file refuses all of it', async () => {
  let failures = 0;
  let syncs = 0;
  const world = failingWorld((operation) => {
    if (operation !== 'datasync' || failures === 0) return undefined;
    syncs += 1;
    return syncs === 1 ? 'EIO' : undefined;
  });
  const log = await open({ world });
  await log.create(1);
  await log.append(1, batch(0, 1), 0);
  failures = 1;
  const appends = [1, 2, 3, 4].map((n) => log.append(1, batch(n, 1, 400_000), 0));
  for (const append of appends) await assert.rejects(append, { retryable: false });
  assert.deepEqual(await readAll(log, 1), expected(1));
});

function failingWorld(fault: (operation: string) => string | undefined): World {
  const world = realWorld();
  const check = (operation: string): Promise<void> => {
    const code = fault(operation);
    return code === undefined ? Promise.resolve() : Promise.reject(Object.assign(new Error(code), { code }));
  };
  const open: World['disk']['open'] = async (path, mode) => {
    const file = await world.disk.open(path, mode);
    return {
      ...file,
      write: (buffers, position) => check('write').then(() => file.write(buffers, position)),
      datasync: () => check('datasync').then(() => file.datasync()),
    };
  };
  return { ...world, disk: { ...world.disk, open } };
}

function lastNonZero(bytes: Buffer): number {
  let at = bytes.length - 1;
  while (bytes[at] === 0) at -= 1;
  return at;
}
