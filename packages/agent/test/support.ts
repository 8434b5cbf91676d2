import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { realWorld } from '@millrace/world';
import { Agent } from '../src/agent.ts';
import { SqliteCheckpoints } from '../src/checkpoints/sqlite-checkpoints.ts';
import { readConfiguration } from '../src/configuration/configuration.ts';
import type { AskInstance } from '../src/processing/instance-facts.ts';
import type { OutgoingRecord, Put } from '../src/sending/destination.ts';

export interface TestAgent {
  readonly agent: Agent;
  readonly records: string[];
  readonly sent: OutgoingRecord[];
  readonly events: string[];
  /** Until the records are so, or for as long as the test may run. */
  until(isSo: (records: readonly string[]) => boolean): Promise<void>;
  stop(): Promise<void>;
}

/** A folder that goes when the test is over. */
export async function testFolder(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-agent-'));
  context.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** An agent with real files and checkpoints in `folder`, whose destination takes all, or what `put` says. */
export async function testAgent(
  folder: string,
  flow: object,
  { put, askInstance = () => Promise.resolve(undefined) }: { put?: Put; askInstance?: AskInstance } = {},
): Promise<TestAgent> {
  const sent: OutgoingRecord[] = [];
  const records: string[] = [];
  const events: string[] = [];
  const store = new SqliteCheckpoints(join(folder, 'checkpoints'));
  const whole = {
    filePattern: join(folder, 'app.log*'),
    kinesisStream: 's',
    initialPosition: 'START_OF_FILE',
    maxBufferSizeRecords: 1,
    minTimeBetweenFilePollsMillis: 5,
    maxTimeBetweenFileTrackerRefreshMillis: 200,
    ...flow,
  };
  const note = (message: string, fields?: object): void => void events.push(`${message} ${JSON.stringify(fields)}`);
  const agent = new Agent(readConfiguration(JSON.stringify({ flows: [whole] })), {
    world: realWorld(),
    store,
    logger: { info: note, warn: note, error: (message, error) => note(`${message}: ${String(error)}`) },
    askInstance,
    putTo: () => async (batch) => {
      const outcome = (await put?.(batch)) ?? { failed: [], reason: undefined };
      for (const [at, record] of batch.entries()) {
        if (outcome.failed.includes(at)) continue;
        sent.push(record);
        records.push(record.data.toString());
      }
      return outcome;
    },
  });
  await agent.start();
  return {
    agent,
    records,
    sent,
    events,
    until: async (isSo) => {
      while (!isSo(records)) await new Promise((resolve) => setTimeout(resolve, 5));
    },
    stop: async () => {
      await agent.stop();
      store.close();
    },
  };
}
