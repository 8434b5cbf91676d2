/** Which records are made of files, one behaviour a test; what happens in any order at all is in tests/simulation/agent-story.ts. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { appendFile, copyFile, open, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { testAgent, testFolder } from './support.ts';
import type { TestAgent } from './support.ts';

const limits = { timeout: 20_000 };

async function begin(
  context: TestContext,
  content: string | Buffer | undefined,
  flow: object = {},
): Promise<TestAgent & { path: string; folder: string }> {
  const folder = await testFolder(context);
  const path = join(folder, 'app.log');
  if (content !== undefined) await writeFile(path, content);
  return { ...(await testAgent(folder, flow)), path, folder };
}

test('END_OF_FILE begins behind the last whole line, and at the start of later files', limits, async (context) => {
  const it = await begin(context, 'old\nhalf', { initialPosition: 'END_OF_FILE' });
  await appendFile(it.path, ' a line\n');
  await it.until(({ length }) => length === 1);
  await writeFile(`${it.path}.new`, 'from its start\n');
  await it.until(({ length }) => length === 2);
  assert.deepEqual(it.records, ['half a line\n', 'from its start\n']);
  await it.stop();
});

test('header lines are passed over in each file, also while they are still being written', limits, async (context) => {
  const it = await begin(context, 'name,age\n', { skipHeaderLines: 2 });
  await appendFile(it.path, '----,');
  await appendFile(it.path, '---\nann,1\n');
  await it.until(({ length }) => length === 1);
  await rename(it.path, `${it.path}.1`);
  await writeFile(it.path, 'name,age\n----,---\nbob,2\n');
  await it.until(({ length }) => length === 2);
  assert.deepEqual(it.records, ['ann,1\n', 'bob,2\n']);
  await it.stop();
});

test(
  'records of several lines end with the next start; the last after a while without more',
  limits,
  async (context) => {
    const it = await begin(context, 'x 1\n  at a\n  at b\nx 2\n', { multiLineStartPattern: 'x \\d' });
    await it.until(({ length }) => length === 1);
    assert.deepEqual(it.records, ['x 1\n  at a\n  at b\n']);
    await appendFile(it.path, '  at c\n');
    await it.until(({ length }) => length === 2);
    assert.equal(it.records[1], 'x 2\n  at c\n');
    await it.stop();
  },
);

test('the footer ends a file, and is no record', limits, async (context) => {
  const it = await begin(context, 'one\n== end 1 ==\nnot read\n', { fileFooterPattern: '== end \\d ==' });
  await it.until(({ length }) => length === 1);
  await appendFile(it.path, 'nor this\n');
  await writeFile(`${it.path}.2`, 'two\n');
  await it.until(({ length }) => length === 2);
  assert.deepEqual(it.records, ['one\n', 'two\n']);
  await it.stop();
});

test('what is behind the footer is not read by the next agent either', limits, async (context) => {
  const flow = { fileFooterPattern: '== end ==' };
  const first = await begin(context, 'one\n== end ==\nnot read\n', flow);
  await first.until(({ length }) => length === 1);
  await first.stop();
  const next = await testAgent(first.folder, flow);
  await writeFile(`${first.path}.2`, 'two\n');
  await next.until(({ length }) => length > 0);
  assert.deepEqual(next.records, ['two\n']);
  await next.stop();
});

test('a header that is longer than the buffer is passed over', limits, async (context) => {
  const it = await begin(context, `${'h'.repeat(7 << 20)}\nsecond\none\n`, { skipHeaderLines: 2 });
  await it.until(({ length }) => length === 1);
  assert.deepEqual(it.records, ['one\n']);
  await it.stop();
});

test('a line behind the hole that a truncation leaves to who does not append', limits, async (context) => {
  const it = await begin(context, `${'x'.repeat(99_999)}\n`.repeat(70));
  await it.until(({ length }) => length === 70);
  const file = await open(it.path, 'r+');
  await file.truncate();
  await file.write('after\n', 7_000_000);
  await file.close();
  await it.until(({ length }) => length > 70);
  assert.deepEqual(it.records.slice(70), ['after\n']);
  await it.stop();
});

test('a link that leads to itself does not keep the other files', limits, async (context) => {
  const it = await begin(context, 'one\n');
  await it.until(({ length }) => length === 1);
  await symlink(`${it.path}.loop`, `${it.path}.loop`);
  await writeFile(`${it.path}.2`, 'two\n');
  await it.until(({ length }) => length === 2);
  await it.stop();
  const next = await testAgent(it.folder, {});
  await appendFile(it.path, 'three\n');
  await next.until(({ length }) => length === 1);
  assert.deepEqual(next.records, ['three\n']);
  assert.equal(next.events.filter((event) => event.includes('ELOOP')).length, 1);
  await next.stop();
});

test(
  'a short file that begins as another one did, and not as its copy, is sent when that one is truncated',
  limits,
  async (context) => {
    const it = await begin(context, `begun\n${'one\n'.repeat(100)}`);
    await it.until(({ length }) => length === 101);
    await writeFile(`${it.path}.2`, 'begun\n');
    await new Promise((resolve) => setTimeout(resolve, 300));
    await truncate(it.path);
    await it.until(({ length }) => length === 102);
    assert.equal(it.records[101], 'begun\n');
    await it.stop();
  },
);

test('a last line without an end goes when its file was left', limits, async (context) => {
  const it = await begin(context, 'one\nlast words', { maxTimeBetweenFileTrackerRefreshMillis: 100 });
  await it.until(({ length }) => length === 1);
  await rename(it.path, `${it.path}.1`);
  await writeFile(it.path, 'two\n');
  await it.until(({ length }) => length === 3);
  assert.deepEqual(it.records.toSorted(), ['last words', 'one\n', 'two\n']);
  await it.stop();
});

test(
  'records that are too long are cut in front of a character; what is longer than the buffer loses its rest',
  limits,
  async (context) => {
    const it = await begin(context, undefined, {
      truncatedRecordTerminator: '<cut>\n',
      partitionKeyOption: 'DETERMINISTIC',
    });
    await writeFile(it.path, `x${'ä'.repeat(600_000)}\nshort\n${'x'.repeat(12 << 20)}\nlast\n`);
    await it.until(({ length }) => length === 4);
    const [cut, short, overlong, last] = it.sent;
    for (const { data, partitionKey } of [cut!, overlong!]) {
      const bytes = data.length + partitionKey!.length;
      assert.ok(bytes <= 1 << 20 && bytes > (1 << 20) - 4, String(bytes));
      assert.match(data.toString(), /^x(ä+|x+)<cut>\n$/);
    }
    assert.deepEqual([short!.data.toString(), last!.data.toString()], ['short\n', 'last\n']);
    assert.equal(short!.partitionKey, createHash('md5').update('short\n').digest('hex'));
    assert.equal(it.agent.flows[0]!.parts.counters.recordsTruncated, 2);
    await it.stop();
  },
);

test('bytes that are no UTF-8 stay as they are', limits, async (context) => {
  const bytes = Buffer.from([0xff, 0xfe, 0x00, 0xc3, 0x0a]);
  const it = await begin(context, bytes);
  await it.until(({ length }) => length === 1);
  assert.deepEqual(it.sent[0]!.data, bytes);
  await it.stop();
});

test('a delivery stream’s records are as many lines as fit', limits, async (context) => {
  const flow = { kinesisStream: undefined, deliveryStream: 'd', aggregatedRecordSizeBytes: 12 };
  const it = await begin(context, 'one\ntwo\nthree\na line that is longer\nx\n', flow);
  await it.until(({ length }) => length >= 4);
  assert.deepEqual(it.records, ['one\ntwo\n', 'three\n', 'a line that is longer\n', 'x\n']);
  assert.equal(it.sent[0]!.partitionKey, undefined);
  await it.stop();
});

test('a file that was removed is read to its end, while the destination takes nothing', limits, async (context) => {
  const folder = await testFolder(context);
  const path = join(folder, 'app.log');
  let isOpen = false;
  const put = (): Promise<{ failed: number[]; reason: undefined }> =>
    isOpen ? Promise.resolve({ failed: [], reason: undefined }) : Promise.reject(new Error('closed'));
  await writeFile(path, 'one\n');
  const it = await testAgent(
    folder,
    { publishQueueCapacity: 1, retryInitialBackoffMillis: 1, retryMaxBackoffMillis: 20 },
    { put },
  );
  const lines = Array.from({ length: 50 }, (_, at) => `line ${at} ${'.'.repeat(20_000)}\n`);
  await appendFile(path, lines.join(''));
  await rm(path);
  await new Promise((resolve) => setTimeout(resolve, 600));
  isOpen = true;
  await it.until(({ length }) => length === 51);
  assert.deepEqual(it.records, ['one\n', ...lines]);
  await it.stop();
});

test(
  'a copy that is made before a truncation is not sent again, and what only it has is sent first',
  limits,
  async (context) => {
    const it = await begin(context, undefined);
    const first = Array.from({ length: 40 }, (_, at) => `before ${at} ${'.'.repeat(20)}\n`);
    await writeFile(it.path, first.join(''));
    await it.until(({ length }) => length === 40);
    await copyFile(it.path, `${it.path}.1`);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await truncate(it.path);
    await appendFile(it.path, 'after\n');
    await it.until(({ length }) => length === 41);
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.deepEqual(it.records, [...first, 'after\n']);
    await it.stop();
  },
);

test(
  'of a request that was refused in part the rest goes again, alone; the checkpoint waits for it',
  limits,
  async (context) => {
    const folder = await testFolder(context);
    await writeFile(join(folder, 'app.log'), 'a\nb\nc\n');
    const requests: string[][] = [];
    const flow = { maxBufferSizeRecords: 3, retryInitialBackoffMillis: 300 };
    const it = await testAgent(folder, flow, {
      put: (records) => {
        requests.push(records.map(({ data }) => data.toString().trim()));
        return Promise.resolve({ failed: requests.length === 1 ? [1] : [], reason: 'slow down' });
      },
    });
    await it.until(({ length }) => length === 2);
    const offset = (): unknown => it.agent.flows[0]!.source.files[0]!.offset;
    assert.equal(offset(), 0);
    await it.until(({ length }) => length === 3);
    assert.deepEqual(requests, [['a', 'b', 'c'], ['b']]);
    while (offset() !== 6) await new Promise((resolve) => setTimeout(resolve, 5));
    await it.stop();
  },
);

test('the Java agent’s checkpoints are taken over, and are written as it writes them', limits, async (context) => {
  const folder = await testFolder(context);
  const path = join(folder, 'app.log');
  await writeFile(`${path}.old`, 'finished long ago\n');
  await writeFile(path, 'sent by the other\nnot yet\n');
  const first = await testAgent(folder, { kinesisStream: 'another' });
  await first.until(({ length }) => length === 3);
  await first.stop();
  const database = new DatabaseSync(join(folder, 'checkpoints'));
  const row = { ...database.prepare('select * from FILE_CHECKPOINTS where path = ?').get(path) } as Record<
    string,
    unknown
  >;
  assert.deepEqual(Object.keys(row), ['flow', 'path', 'fileId', 'lastModifiedTime', 'size', 'offset', 'lastUpdated']);
  assert.equal(row['flow'], `kinesis:another:${path}*`);
  assert.match(String(row['fileId']), /^\(dev=[0-9a-f]+,ino=\d+\)$/);
  assert.match(String(row['lastUpdated']), /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}$/);
  assert.equal(row['offset'], 26);
  database
    .prepare(`insert into FILE_CHECKPOINTS values(?, ?, ?, ?, ?, ?, strftime('%Y-%m-%d %H:%M:%f', 'now'))`)
    .run(`kinesis:s:${path}*`, path, String(row['fileId']), Number(row['lastModifiedTime']) + 1, 26, 18);
  database.close();
  const it = await testAgent(folder, {});
  await it.until(({ length }) => length >= 1);
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.deepEqual(it.records, ['not yet\n']);
  await it.stop();
});

test('what cannot be processed goes as it is, and the log does not quote it', limits, async (context) => {
  const folder = await testFolder(context);
  await writeFile(join(folder, 'app.log'), 'secret one\nsecret two\n{"a":1}\n');
  const it = await testAgent(
    folder,
    { dataProcessingOptions: [{ optionName: 'ADDEC2METADATA' }] },
    { askInstance: (path) => Promise.resolve(path.endsWith('document') ? '{"instanceId":"i-1"}' : undefined) },
  );
  await it.until(({ length }) => length === 3);
  assert.deepEqual(it.records.slice(0, 2), ['secret one\n', 'secret two\n']);
  assert.equal((JSON.parse(it.records[2]!) as { instanceId: string }).instanceId, 'i-1');
  const told = it.events.filter((event) => event.includes('cannot be processed'));
  assert.equal(told.length, 1);
  assert.ok(!it.events.join().includes('secret'));
  await it.stop();
});

test(
  'a flow that began without files reads the first ones from their start, also those of while it was down',
  limits,
  async (context) => {
    const folder = await testFolder(context);
    const first = await testAgent(folder, { initialPosition: 'END_OF_FILE' });
    await first.stop();
    await writeFile(join(folder, 'app.log'), 'one\n');
    const second = await testAgent(folder, { initialPosition: 'END_OF_FILE' });
    await second.until(({ length }) => length === 1);
    await second.stop();
  },
);
