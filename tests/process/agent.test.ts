/**
 * The agent as it is run, against a real server: lines that are appended while files rotate in all three ways and the agent is
 * killed with -9 all arrive.
 */
import assert from 'node:assert/strict';
import { appendFile, copyFile, open, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startAgent } from '../../tools/agent-process.ts';
import { startServer } from '../../tools/server-process.ts';
import type { ServerProcess } from '../../tools/server-process.ts';
import { agentFolder } from './agent-folder.ts';
import { kinesisCaller, untilActive } from './caller.ts';
import type { Call } from './caller.ts';
import { readStream } from './stream-records.ts';

let server: ServerProcess;
let call: Call;

before(async () => {
  server = await startServer(['--transition-ms', '0', '--limits', 'none']);
  call = kinesisCaller(server.endpoint);
});

after(async () => {
  assert.equal(await server.stop(), 0);
});

async function createStream(stream: string): Promise<void> {
  await call('CreateStream', { StreamName: stream, ShardCount: 1 });
  await untilActive(call, stream);
}

async function untilRead(
  stream: string,
  isComplete: (records: string[]) => boolean,
  failed: () => string,
): Promise<string[]> {
  const until = Date.now() + 60_000;
  for (;;) {
    const records = await readStream(call, stream);
    if (isComplete(records)) return records;
    assert.ok(Date.now() < until, `${records.length} records are there; ${failed()}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

test('one file to one stream, and SIGTERM ends it well', { timeout: 90_000 }, async () => {
  await createStream('plain');
  const { config, logs, remove } = await agentFolder(server.endpoint, { kinesisStream: 'plain' });
  await writeFile(join(logs, 'app.log'), 'one\ntwo\n');
  const agent = startAgent(['--config', config]);
  await agent.logged(/agent ready/);
  await appendFile(join(logs, 'app.log'), 'three\nwithout end');
  const records = await untilRead('plain', ({ length }) => length >= 3, agent.log);
  assert.deepEqual(records, ['one\n', 'two\n', 'three\n']);
  assert.equal(await agent.stop(), 0, agent.log());
  await remove();
});

test(
  'rotated in three ways under load, the agent killed with -9 five times: every line arrives',
  { timeout: 180_000 },
  async () => {
    await createStream('rotated');
    const { config, logs, remove } = await agentFolder(server.endpoint, {
      kinesisStream: 'rotated',
      maxBufferSizeRecords: 50,
    });
    const path = join(logs, 'app.log');
    let lines = 0;
    let isOver = false;
    const write = async (): Promise<void> => {
      let rotations = 0;
      while (!isOver) {
        const file = await open(path, 'a');
        for (let batch = 0; batch < 40; batch += 1) {
          const text = Array.from({ length: 10 }, () => `line ${(lines += 1)} äöü ${'x'.repeat(lines % 80)}\n`).join(
            '',
          );
          await file.write(text);
          await new Promise((resolve) => setTimeout(resolve, 2));
        }
        await file.close();
        rotations += 1;
        const kept = join(logs, `app.log.${rotations}`);
        if (rotations % 3 === 0) await rename(path, kept);
        else if (rotations % 3 === 1) {
          await copyFile(path, kept);
          await truncate(path);
        } else {
          // What stands nowhere else by then must have been sent before.
          await arrived();
          await rm(path);
        }
      }
    };
    const numbersOf = (records: string[]): Set<number> =>
      new Set(records.map((text) => Number(/^line (\d+) äöü x*\n$/.exec(text)?.[1])));
    const arrived = (): Promise<string[]> =>
      untilRead(
        'rotated',
        (records) => numbersOf(records).size >= lines,
        () => agent.log(),
      );
    let agent = startAgent(['--config', config]);
    const writing = write();
    for (let kill = 0; kill < 5; kill += 1) {
      await agent.logged(/agent ready/);
      const enough = lines + 1000;
      while (lines < enough) await new Promise((resolve) => setTimeout(resolve, 20));
      assert.equal(await agent.stop('SIGKILL'), null);
      agent = startAgent(['--config', config]);
    }
    isOver = true;
    await writing;
    const records = await arrived();
    const numbers = numbersOf(records);
    assert.deepEqual(
      [...numbers].toSorted((one, other) => one - other),
      Array.from({ length: lines }, (_, at) => at + 1),
    );
    assert.ok((await readdir(logs)).length > 5);
    assert.equal(await agent.stop(), 0, agent.log());
    await remove();
    console.log(`${lines} lines, ${records.length} records: ${(records.length / lines - 1).toFixed(3)} of them twice`);
  },
);

test('a log of this machine arrives whole and in order, through a rotation', { timeout: 90_000 }, async (context) => {
  const real = await realLog();
  if (real === undefined) return context.skip('no log of dpkg, apt or the system is readable here');
  await createStream('real');
  const { config, logs, remove } = await agentFolder(server.endpoint, { kinesisStream: 'real' });
  const path = join(logs, 'app.log');
  const lines = real.split(/(?<=\n)/);
  const half = lines.length >> 1;
  await writeFile(path, lines.slice(0, half).join(''));
  const agent = startAgent(['--config', config]);
  await agent.logged(/agent ready/);
  await rename(path, `${path}.1`);
  await writeFile(path, lines.slice(half).join(''));
  const records = await untilRead('real', ({ length }) => length >= lines.length, agent.log);
  assert.equal(records.join(''), real);
  assert.equal(await agent.stop(), 0, agent.log());
  await remove();
});

/** The largest of the logs that most systems have, of whole lines. */
async function realLog(): Promise<string | undefined> {
  const found: string[] = [];
  for (const path of ['/var/log/dpkg.log', '/var/log/apt/history.log', '/var/log/alternatives.log', '/var/log/syslog'])
    found.push(await readFile(path, 'utf8').catch(() => ''));
  const [largest = ''] = found.toSorted((one, other) => other.length - one.length);
  const whole = largest.slice(0, largest.lastIndexOf('\n') + 1);
  return whole === '' ? undefined : whole;
}

test(
  'what is wrong with a configuration is told before anything starts, and ends it with 2',
  { timeout: 30_000 },
  async () => {
    const { config, remove } = await agentFolder(server.endpoint, { kinesisStream: 's', maxBufferSizeRecords: 501 });
    const agent = startAgent(['--config', config]);
    assert.equal(await agent.stop('SIGCONT'), 2);
    assert.equal(
      agent.log(),
      'millrace-agent: flows[0].maxBufferSizeRecords is 501; it must be an integer from 1 to 500\n',
    );
    await remove();
  },
);

test('a line that a pattern could try for years does not hold it', { timeout: 60_000 }, async () => {
  await createStream('patterns');
  const matchPattern = '^((?:a+)+)b$';
  const { config, logs, remove } = await agentFolder(server.endpoint, {
    kinesisStream: 'patterns',
    dataProcessingOptions: [{ optionName: 'LOGTOJSON', logFormat: 'SYSLOG', matchPattern, customFieldNames: ['a'] }],
  });
  await writeFile(join(logs, 'app.log'), `${'a'.repeat(60)}\naab\n`);
  const agent = startAgent(['--config', config]);
  assert.deepEqual(await untilRead('patterns', ({ length }) => length >= 1, agent.log), ['{"a":"aa"}\n']);
  assert.equal(await agent.stop(), 0, agent.log());
  await remove();
});

test('a checkpoint file that is none is told, and ends it with 1', { timeout: 30_000 }, async () => {
  const { config, logs, remove } = await agentFolder(server.endpoint, { kinesisStream: 's' });
  const checkpointFile = join(logs, 'checkpoints');
  await writeFile(checkpointFile, 'no database '.repeat(100));
  await writeFile(
    config,
    (await readFile(config, 'utf8')).replace(/"checkpointFile":"[^"]*"/, `"checkpointFile":"${checkpointFile}"`),
  );
  const agent = startAgent(['--config', config]);
  assert.equal(await agent.stop('SIGCONT'), 1);
  assert.equal(
    agent.log(),
    `millrace-agent: the checkpoint file ${checkpointFile} cannot be used: file is not a database\n`,
  );
  await remove();
});

test(
  'SIGTERM ends it in time where nothing can be sent, and the next agent sends it all',
  { timeout: 60_000 },
  async () => {
    await createStream('later');
    const nobody = 'http://127.0.0.1:1';
    const { config, logs, remove } = await agentFolder(
      nobody,
      { kinesisStream: 'later' },
      { shutdownTimeoutMillis: 300 },
    );
    await writeFile(join(logs, 'app.log'), 'one\ntwo\n');
    const first = startAgent(['--config', config]);
    await first.logged(/records were not stored/);
    assert.equal(await first.stop(), 0, first.log());
    await writeFile(config, (await readFile(config, 'utf8')).replace(nobody, server.endpoint));
    const second = startAgent(['--config', config]);
    const records = await untilRead('later', ({ length }) => length >= 2, second.log);
    assert.deepEqual(records, ['one\n', 'two\n']);
    assert.equal(await second.stop(), 0, second.log());
    await remove();
  },
);

test('a second agent on one checkpoint file is told so, and ends', { timeout: 30_000 }, async () => {
  await createStream('alone');
  const { config, remove } = await agentFolder(server.endpoint, { kinesisStream: 'alone' });
  const first = startAgent(['--config', config]);
  await first.logged(/agent ready/);
  const second = startAgent(['--config', config]);
  assert.equal(await second.stop('SIGCONT'), 1);
  assert.match(second.log(), /^millrace-agent: the checkpoint file .* cannot be used: another agent has it\n$/m);
  assert.equal(await first.stop(), 0, first.log());
  await remove();
});
