import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder with what one agent has: its configuration, its checkpoints and the logs that it tails. */
export interface AgentFolder {
  readonly config: string;
  readonly logs: string;
  remove(): Promise<void>;
}

/** `flow` is added to one that tails logs/app.log* from the start; `more` to the top of the configuration. */
export async function agentFolder(endpoint: string, flow: object, more: object = {}): Promise<AgentFolder> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-agent-'));
  const logs = join(folder, 'logs');
  await mkdir(logs);
  const config = join(folder, 'agent.json');
  const files = { filePattern: join(logs, 'app.log*'), initialPosition: 'START_OF_FILE', maxBufferAgeMillis: 1000 };
  const json = {
    'kinesis.endpoint': endpoint,
    'cloudwatch.emitMetrics': false,
    awsAccessKeyId: 'a',
    awsSecretAccessKey: 'b',
    checkpointFile: join(folder, 'state/checkpoints'),
    flows: [{ ...files, ...flow }],
    ...more,
  };
  await writeFile(config, `// as AWS's agent has it\n${JSON.stringify(json)}`);
  return { config, logs, remove: () => rm(folder, { recursive: true, force: true }) };
}
