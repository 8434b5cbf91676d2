/**
 * A thousand requests of every operation, in JSON and in CBOR, whose input was changed as a tree, as bytes or both, through the
 * whole way of a request. Each is answered in its own encoding, by a success or by an error that says its name; none is a
 * fault of ours, and the service still works behind them.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createAuthenticator } from '@millrace/access';
import { readCbor } from '@millrace/protocol';
import type { HttpRequest, HttpResponse } from '@millrace/protocol';
import { simulatedWorld } from '@millrace/world';
import type { SimulatedWorld } from '@millrace/world';
import { testService } from '../../packages/data-streams/test/support.ts';
import type { TestService } from '../../packages/data-streams/test/support.ts';
import { createDispatcher } from '../../packages/server/src/dispatch.ts';
import { dataStreamsRoom } from '../../packages/server/src/rooms.ts';
import { settle } from '../simulation/settle.ts';
import { encodeCbor } from './cbor.ts';
import { Draw } from './draw.ts';
import { mutateBytes } from './mutate-bytes.ts';
import { mutateTree } from './mutate-tree.ts';
import type { Tree } from './mutate-tree.ts';

interface Known {
  readonly operation: string;
  readonly input: { [name: string]: Tree };
}

interface Made {
  readonly ShardIterator: string;
  readonly ConsumerARN: string;
}

const corpus = JSON.parse(readFileSync(new URL('corpus/requests.json', import.meta.url), 'utf8')) as Known[];
const leaves = corpus.flatMap(({ input }) => Object.values(input));
const tokens = [
  '"',
  '\\',
  '\\u0000',
  '\\ud800',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  'null',
  'true',
  '1e400',
  '-',
  '"Records":',
  '['.repeat(20_000),
  '\u0081'.repeat(20_000),
];
const cases = 1000;

export async function story(seed: number): Promise<void> {
  const draw = new Draw(seed);
  const world = simulatedWorld(seed);
  const streams = await settle(world, testService({ world, directory: '/data', limits: 'none' }));
  const dispatch = dispatcher(world, streams);
  const made = await prepare(world, streams);
  for (let done = 0; done < cases; done += 1) {
    const { operation, input } = draw.pick(corpus);
    const isCbor = draw.once(2);
    const body = changed(draw, withMade(input, made), isCbor);
    const name = draw.once(20) ? draw.pick(corpus).operation : operation;
    const answer = await settle(world, dispatch(request(name, body, isCbor)));
    try {
      await check(answer, isCbor, world);
    } catch (error) {
      const encoded = isCbor ? body.toString('hex') : body.toString();
      throw new Error(`${name} of ${encoded.slice(0, 2000)}: ${(error as Error).message}`, { cause: error });
    }
  }
  await settle(world, streams.call('ListStreams', {}));
}

function dispatcher(world: SimulatedWorld, streams: TestService): (request: HttpRequest) => Promise<HttpResponse> {
  const fault = (message: string, error: unknown): never => assert.fail(`${message}: ${(error as Error).stack}`);
  return createDispatcher({
    world,
    logger: { info: () => {}, warn: () => {}, error: fault },
    metrics: { observe: () => {}, render: () => '' },
    rooms: [dataStreamsRoom(streams.service)],
    authenticate: createAuthenticator({
      mode: 'none',
      identities: new Map(),
      defaultAccount: '000000000000',
      defaultRegion: 'us-east-1',
      clock: world.clock,
    }),
    isOpen: true,
    enforcesPolicies: false,
    page: () => undefined,
  });
}

async function prepare(world: SimulatedWorld, streams: TestService): Promise<Made> {
  await settle(world, streams.call('CreateStream', { StreamName: 's', ShardCount: 2 }));
  await settle(world, streams.untilActive('s'));
  await settle(world, streams.call('PutRecord', { StreamName: 's', PartitionKey: 'k', Data: 'AA==' }));
  const place = { StreamName: 's', ShardId: '0', ShardIteratorType: 'TRIM_HORIZON' };
  const { ShardIterator } = await settle(world, streams.call('GetShardIterator', place));
  const consumer = { StreamARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/s', ConsumerName: 'c' };
  const { Consumer } = await settle(world, streams.call('RegisterStreamConsumer', consumer));
  return { ShardIterator: ShardIterator as string, ConsumerARN: (Consumer as Made).ConsumerARN };
}

/** The input with what only the running service knows. */
function withMade(input: Known['input'], made: Made): Known['input'] {
  const own = Object.entries(made).filter(([name]) => Object.hasOwn(input, name));
  return { ...input, ...Object.fromEntries(own) };
}

function changed(draw: Draw, input: Tree, isCbor: boolean): Buffer {
  const tree = draw.once(4) ? input : mutateTree(draw, input, leaves);
  const bytes = isCbor ? encodeCbor(draw, tree) : Buffer.from(JSON.stringify(tree, inJson));
  return draw.once(3) ? mutateBytes(draw, bytes, tokens) : bytes;
}

const inJson = (_name: string, value: unknown): unknown => {
  const bytes = value as { type?: string; data?: number[] } | null;
  return bytes?.type === 'Buffer' ? Buffer.from(bytes.data!).toString('base64') : value;
};

function request(operation: string, body: Buffer, isCbor: boolean): HttpRequest {
  return {
    method: 'POST',
    path: '/',
    query: '',
    headers: {
      'content-type': `application/x-amz-${isCbor ? 'cbor' : 'json'}-1.1`,
      'x-amz-target': `Kinesis_20131202.${operation}`,
    },
    body,
    httpVersion: '1.1',
    secure: false,
    remoteAddress: '127.0.0.1',
    signal: new AbortController().signal,
    onAnswered: (run) => run(),
  };
}

async function check({ status, headers, body }: HttpResponse, isCbor: boolean, world: SimulatedWorld): Promise<void> {
  assert.ok(status === 200 || (status >= 400 && status < 500), `answered ${status}`);
  if (typeof body !== 'string' && !Buffer.isBuffer(body)) {
    assert.equal(status, 200);
    const events = body[Symbol.asyncIterator]();
    await settle(world, events.next());
    await settle(world, events.return!());
    return;
  }
  if (status === 200 && body.length === 0) return;
  const answer = (isCbor ? readCbor(Buffer.from(body)) : JSON.parse(body.toString())) as Record<string, unknown>;
  assert.ok(typeof answer === 'object' && answer !== null, 'the answer is no structure');
  if (status !== 200) {
    assert.match(String(answer['__type']), /^[A-Z]\w+(Exception|Error)$/);
    assert.equal(headers['x-amzn-errortype'], answer['__type']);
  }
}
