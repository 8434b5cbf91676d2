/** A server whose mappings are compared with what AWS was recorded to do: real streams, real functions, raw HTTP. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { recordedAccount } from '../../packages/functions/test/recorded.ts';
import { zipOf } from '../../packages/functions/test/support.ts';
import { until } from '../../tools/demo/until.ts';
import { kinesisCaller, untilActive } from './caller.ts';
import type { Call } from './caller.ts';

/** Keeps each event, a line each, and answers what ANSWER says or throws where it says 'throw'. */
const code = `
const fs = require('node:fs');
exports.handler = async (event) => {
  fs.appendFileSync(process.env.EVENTS, JSON.stringify({ executionStart: Date.now() / 1000, event }) + '\\n');
  const { ANSWER = 'null' } = process.env;
  if (ANSWER === 'throw') throw new Error('asked for');
  const numbers = event.Records.map((one) => one.kinesis.sequenceNumber);
  const failing = event.Records.findIndex((one) => atob(one.kinesis.data).includes('"should_fail": true'));
  if (ANSWER === 'report') return { batchItemFailures: failing === -1 ? [] : [{ itemIdentifier: numbers[failing] }] };
  return JSON.parse(ANSWER.replaceAll('NUMBER', numbers[0]));
};`;

export interface Answer {
  readonly status: number;
  readonly errorType: string | null;
  readonly body: Record<string, unknown>;
}

interface Told {
  readonly executionStart: number;
  readonly event: { readonly Records: readonly Record<string, unknown>[] };
}

export class MappingsStage {
  readonly kinesis: Call;
  readonly #endpoint: string;
  readonly #folder: string;

  constructor(endpoint: string, folder: string) {
    this.#endpoint = endpoint;
    this.#folder = folder;
    this.kinesis = kinesisCaller(endpoint);
  }

  async lambda(method: string, path: string, body?: object): Promise<Answer> {
    const given = body === undefined ? {} : { body: JSON.stringify(body) };
    const answer = await fetch(`${this.#endpoint}/2015-03-31/${path}`, { method, ...given });
    const text = await answer.text();
    const errorType = answer.headers.get('x-amzn-errortype');
    return {
      status: answer.status,
      errorType,
      body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
    };
  }

  /** Makes a function, named apart from a stream of the same name: the recording tells the two apart. */
  async function(of: string, answer?: string): Promise<string> {
    const name = `f-${of}`;
    const { status, body } = await this.lambda('POST', 'functions', {
      FunctionName: name,
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Role: `arn:aws:iam::${recordedAccount}:role/role-of-functions`,
      Timeout: 30,
      Code: { ZipFile: zipOf({ 'index.js': code }).toString('base64') },
      Environment: { Variables: { EVENTS: this.#file(of), ...(answer !== undefined && { ANSWER: answer }) } },
    });
    if (status !== 201) throw new Error(JSON.stringify(body));
    return name;
  }

  async stream(name: string): Promise<string> {
    await this.kinesis('CreateStream', { StreamName: name, ShardCount: 1 });
    await untilActive(this.kinesis, name);
    return `arn:aws:kinesis:us-east-1:${recordedAccount}:stream/${name}`;
  }

  /** Puts [partition key, data] pairs in one call. */
  async put(stream: string, ...records: readonly (readonly [string, string])[]): Promise<void> {
    await this.kinesis('PutRecords', {
      StreamName: stream,
      Records: records.map(([PartitionKey, data]) => ({ PartitionKey, Data: Buffer.from(data).toString('base64') })),
    });
  }

  /** The answer to CreateEventSourceMapping as the recording has it. */
  async create(settings: object): Promise<Record<string, unknown>> {
    return asRecorded(await this.lambda('POST', 'event-source-mappings', settings));
  }

  async get(uuid: unknown): Promise<Record<string, unknown>> {
    return asRecorded(await this.lambda('GET', `event-source-mappings/${String(uuid)}`));
  }

  async untilState(uuid: unknown, state: string): Promise<void> {
    await until(async () => (await this.get(uuid))['State'] === state);
  }

  /** What a function was called with, once there are as many calls. */
  async calls(name: string, count: number): Promise<Told[]> {
    let found: Told[] = [];
    await until(async () => {
      const text = await readFile(this.#file(name), 'utf8').catch(() => '');
      found = text
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Told);
      return found.length >= count;
    });
    return found;
  }

  async events(name: string, count: number): Promise<Told['event'][]> {
    return (await this.calls(name, count)).map(({ event }) => event);
  }

  /** What has come to a failure destination that is a stream, once something has. */
  async told(stream: string): Promise<unknown[]> {
    const { ShardIterator } = await this.kinesis('GetShardIterator', {
      StreamName: stream,
      ShardId: 'shardId-000000000000',
      ShardIteratorType: 'TRIM_HORIZON',
    });
    let records: { Data: string }[] = [];
    await until(async () => {
      records = (await this.kinesis('GetRecords', { ShardIterator }))['Records'] as { Data: string }[];
      return records.length > 0;
    });
    return records.map(({ Data }) => JSON.parse(Buffer.from(Data, 'base64').toString()) as unknown);
  }

  #file(name: string): string {
    return join(this.#folder, `${name}.events`);
  }
}

/** An answer in the form that the recording has it: what botocore makes of it. */
export function asRecorded({ status, errorType, body }: Answer): Record<string, unknown> {
  const meta = { ResponseMetadata: { HTTPStatusCode: status } };
  if (status < 300) return { ...body, ...meta };
  return { Error: { Code: errorType, Message: body['message'] }, ...body, ...meta };
}
