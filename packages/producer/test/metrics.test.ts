import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { Producer } from '@millrace/producer';
import type { ProducerOptions, RequestReport } from '@millrace/producer';
import { TestStream } from './support.ts';
import type { Send } from './support.ts';

let stream: TestStream;
afterEach(() => stream.stop());

const producer = (options: Partial<ProducerOptions> = {}): Producer =>
  new Producer({ client: stream.client, stream: 's', lingerMs: 5, ...options });

test('metrics and hooks tell what is done and what is under way', async () => {
  stream = await TestStream.open(1, ['--limits', 'none']);
  const gate = Promise.withResolvers<void>();
  const client = stream.through(async (call, nth) => {
    await gate.promise;
    if (nth === 0) throw Object.assign(new Error('reset'), { name: 'ECONNRESET' });
    return call();
  });
  const reports: RequestReport[] = [];
  const given: string[] = [];
  const one = producer({
    client,
    hooks: {
      request: (report) => {
        reports.push(report);
        throw new Error('hooks may be wrong');
      },
      givenUp: ({ userRecords, message }) => void given.push(`${userRecords} ${message}`),
    },
  });
  const warm = producer();
  await warm.put({ partitionKey: 'k', data: 'x' });
  assert.deepEqual([warm.metrics().requests, warm.metrics().bufferedRecords], [1, 0]);
  const results = Array.from({ length: 10 }, (_, n) => one.put({ partitionKey: 'k', data: `${n}` }));
  const during = one.metrics();
  assert.deepEqual([during.userRecordsPut, during.bufferedRecords, during.userRecordsStored], [10, 10, 0]);
  assert.ok(during.bufferedBytes >= 20);
  while (one.metrics().requestsUnderWay === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  gate.resolve();
  await Promise.all(results);
  while (one.metrics().requestsUnderWay > 0) await new Promise((resolve) => setImmediate(resolve));
  const after = one.metrics();
  assert.deepEqual(
    [after.userRecordsStored, after.requestsFailed, after.retries > 0, after.throttles],
    [10, 1, true, 0],
  );
  assert.ok(after.bufferingMs > 0 && after.bytesStored >= 20 && after.kinesisRecordsStored <= 10);
  assert.equal(reports[0]!.error!.message, 'reset');
  assert.equal(reports[0]!.failed, reports[0]!.records);
  assert.ok(reports[0]!.oldestMs >= 0 && reports[0]!.bytes > 0);
  assert.equal(
    reports.reduce((sum, { userRecords, failed }) => sum + (failed === 0 ? userRecords : 0), 0),
    10,
  );
  const nowhere = producer({ stream: 'nothing', hooks: { givenUp: ({ message }) => void given.push(message) } });
  await assert.rejects(nowhere.put({ partitionKey: 'k', data: 'x' }));
  assert.match(given[0]!, /ResourceNotFoundException/);
  await Promise.all([one, warm, nowhere].map((each) => each.close()));
});

test('a call that hangs is aborted, and its records are sent again', async () => {
  stream = await TestStream.open(1);
  let hung = 0;
  const client: ProducerOptions['client'] = {
    send: ((command: object, options?: { abortSignal?: AbortSignal }) => {
      if (!(command instanceof PutRecordsCommand) || hung === 1)
        return stream.client.send<never, never>(command as never);
      hung += 1;
      return new Promise((_, reject) => {
        options!.abortSignal!.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')));
      });
    }) as Send,
  };
  const one = producer({ client, requestTimeoutMs: 50 });
  const { attempts } = await one.put({ partitionKey: 'k', data: 'x' });
  assert.deepEqual([attempts, hung], [2, 1]);
  assert.equal((await stream.readAll()).length, 1);
  await one.close();
});
