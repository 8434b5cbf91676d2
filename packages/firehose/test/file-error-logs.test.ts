import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openFileErrorLogs } from '@millrace/firehose';
import { realWorld } from '@millrace/world';

const event = { account: '1', region: 'r', logGroup: '/aws/kinesisfirehose/d', logStream: 'S3Delivery', timeMs: 7 };

async function inDirectory(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-error-logs-'));
  try {
    await run(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}

const open = (directory: string, fileBytes?: number): ReturnType<typeof openFileErrorLogs> =>
  openFileErrorLogs({
    world: realWorld(),
    directory,
    report: (_, error) => assert.fail(String(error)),
    ...(fileBytes !== undefined && { fileBytes }),
  });

test('an event is a line of its log streams file, behind what stood there', () =>
  inDirectory(async (directory) => {
    for (const message of ['one', 'two']) {
      const logs = open(directory);
      logs.write({ ...event, message });
      await logs.stop();
    }
    assert.equal(
      await readFile(join(directory, '1/r/aws/kinesisfirehose/d/S3Delivery.log'), 'utf8'),
      '{"timestamp":7,"message":"one"}\n{"timestamp":7,"message":"two"}\n',
    );
  }));

test('names lead nowhere else', () =>
  inDirectory(async (directory) => {
    const logs = open(directory);
    logs.write({ ...event, logGroup: '../..', logStream: '../../x\0', message: 'm' });
    await logs.stop();
    const files = await readdir(directory, { recursive: true });
    assert.deepEqual(
      files.filter((name) => name.endsWith('.log')),
      ['1/r/%2E%2E/%2E%2E/..%2F..%2Fx%00.log'],
    );
  }));

test('a file that is full begins anew, and one before it stays', () =>
  inDirectory(async (directory) => {
    const logs = open(directory, 40);
    for (const message of ['one', 'two', 'three', 'four', 'five']) logs.write({ ...event, message });
    await logs.stop();
    const path = join(directory, '1/r/aws/kinesisfirehose/d/S3Delivery.log');
    assert.match(await readFile(path, 'utf8'), /^\{"timestamp":7,"message":"five"\}\n$/);
    assert.match(await readFile(`${path}.1`, 'utf8'), /three.*\n.*four/);
  }));
