/** The S3 servers themselves: what they refuse, so that what they take means something. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { s3ClientOf, startMoto } from './servers/s3.ts';
import { startVersitygw } from './servers/versitygw.ts';

const timeout = 120_000;

test('versitygw keeps objects, and refuses a wrong secret and an unknown key', { timeout }, async () => {
  const s3 = await startVersitygw();
  try {
    await s3.createBucket('logs');
    await s3.put('logs', 'a/b/1.txt', 'one');
    await s3.put('logs', 'a/2.txt', 'two');
    assert.deepEqual(await s3.keys('logs'), ['a/2.txt', 'a/b/1.txt']);
    assert.deepEqual(await s3.objects('logs', 'a/b/'), new Map([['a/b/1.txt', Buffer.from('one')]]));
    const put = new PutObjectCommand({ Bucket: 'logs', Key: 'x', Body: 'x' });
    const thief = s3ClientOf({ ...s3, secretAccessKey: 'guessed' });
    await assert.rejects(thief.send(put), { name: 'SignatureDoesNotMatch' });
    const stranger = s3ClientOf({ ...s3, accessKeyId: 'stranger' });
    // Its own name for InvalidAccessKeyId.
    await assert.rejects(stranger.send(put), { name: 'XAdminUserNotFound' });
    for (const each of [thief, stranger]) each.destroy();
    const [Bucket, IfNoneMatch] = ['logs', '*'];
    const again = new PutObjectCommand({ Bucket, Key: 'a/2.txt', Body: 'x', IfNoneMatch });
    await assert.rejects(s3.client.send(again), { name: 'PreconditionFailed' });
    await assert.rejects(s3.client.send(new GetObjectCommand({ Bucket, Key: 'nothing' })), { name: 'NoSuchKey' });
    await assert.rejects(s3.put('nowhere', 'x', 'x'), { name: 'NoSuchBucket' });
  } finally {
    await s3.stop();
  }
});

test('moto keeps objects', { timeout }, async () => {
  const s3 = await startMoto();
  try {
    await s3.createBucket('logs');
    await s3.put('logs', 'a.txt', 'one');
    assert.deepEqual(await s3.objects('logs'), new Map([['a.txt', Buffer.from('one')]]));
    await assert.rejects(s3.put('nowhere', 'x', 'x'), { name: 'NoSuchBucket' });
  } finally {
    await s3.stop();
  }
});
