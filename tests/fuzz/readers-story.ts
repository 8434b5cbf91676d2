/**
 * A thousand changed inputs of each reader that meets what strangers send: CBOR, event streams, signatures, shard iterators.
 * Each reads or refuses in its own words, and what is authenticated is never believed once it was altered.
 */
import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { createAuthenticator, readIdentities } from '@millrace/access';
import { AwsError } from '@millrace/model';
import { decodeFrame, encodeFrame, readCbor } from '@millrace/protocol';
import { simulatedWorld } from '@millrace/world';
import { createIteratorCodec } from '../../packages/data-streams/src/iterators/create-iterator-codec.ts';
import { CborError } from '../../packages/protocol/src/cbor/cbor-reader.ts';
import { encodeCbor } from './cbor.ts';
import { Draw } from './draw.ts';
import { mutateBytes } from './mutate-bytes.ts';
import { mutateTree } from './mutate-tree.ts';
import type { Tree } from './mutate-tree.ts';

const cases = 1000;
const nowMs = Date.UTC(2026, 0, 2, 3, 4, 5);

export async function story(seed: number): Promise<void> {
  const draw = new Draw(seed);
  const readers = { cbor, eventStream, signature, iterator };
  for (const [name, reads] of Object.entries(readers)) {
    for (let done = 0; done < cases; done += 1) {
      try {
        reads(draw);
      } catch (error) {
        throw new Error(`${name}: ${(error as Error).message}`, { cause: error });
      }
    }
  }
}

/** Runs a reader; what it throws must be a refusal of its own. */
function refusesOrReads<Result>(
  input: string,
  read: () => Result,
  isRefusal: (error: unknown) => boolean,
): Result | undefined {
  const began = performance.now();
  let result: Result | undefined;
  try {
    result = read();
  } catch (error) {
    if (!isRefusal(error)) throw new Error(`${input.slice(0, 3000)}: ${(error as Error).stack}`, { cause: error });
  }
  // Reading takes microseconds: a second, which no pause of the machine explains, is a reader that does not end.
  assert.ok(performance.now() - began < 1000, `takes too long: ${input.slice(0, 3000)}`);
  return result;
}

const sample: Tree = {
  a: [1, -1, 2 ** 40, 1.5, null, true],
  b: { c: 'ü', d: Buffer.from([1, 2]) },
  e: 'x'.repeat(300),
};

/** What was not changed as bytes reads as it was written, in whichever way. */
function cbor(draw: Draw): void {
  const tree = mutateTree(draw, sample, [sample]);
  const bytes = encodeCbor(draw, tree);
  const isChanged = draw.once(2);
  const sent = isChanged
    ? mutateBytes(draw, bytes, ['\u009f', '\u00bf', '\u00ff', '\u00c1', '\u0081'.repeat(20_000)])
    : bytes;
  const timestamps = draw.pick(['milliseconds', 'seconds'] as const);
  refusesOrReads(
    sent.toString('hex'),
    () => readCbor(sent, { timestamps }),
    (error) => error instanceof CborError,
  );
}

/** A frame that is taken has the bytes it would be written with. */
function eventStream(draw: Draw): void {
  const headers = { ':message-type': 'event', ':event-type': 'x'.repeat(draw.below(20)), 'content-type': 'ü' };
  const frame = encodeFrame(headers, Buffer.alloc(draw.below(100), draw.below(256)));
  const sent = mutateBytes(draw, draw.once(2) ? Buffer.concat([frame, frame]) : frame, ['\u0007', ':']);
  const found = refusesOrReads(
    sent.toString('hex'),
    () => decodeFrame(sent),
    (error) => (error as Error).message.startsWith('event stream: '),
  );
  if (found === undefined) return;
  assert.deepEqual(encodeFrame(found.headers, found.payload), sent.subarray(0, found.length));
}

const body: Buffer = Buffer.from('{"StreamName":"s"}');
const secret = 'secret';
const scope = '20260102/us-east-1/kinesis/aws4_request';
const signedHeaders = 'content-type;host;x-amz-date;x-amz-target';
const sent = {
  'content-type': 'application/x-amz-json-1.1',
  host: 'localhost:4567',
  'x-amz-date': '20260102T030405Z',
  'x-amz-target': 'Kinesis_20131202.ListShards',
};
const sha256 = (text: string | Buffer): string => createHash('sha256').update(text).digest('hex');
const lines = Object.entries(sent).map(([name, value]) => `${name}:${value}\n`);
const canonical = `POST\n/\n\n${lines.join('')}\n${signedHeaders}\n${sha256(body)}`;
const toSign = `AWS4-HMAC-SHA256\n${sent['x-amz-date']}\n${scope}\n${sha256(canonical)}`;
const key = scope
  .split('/')
  .reduce<Buffer | string>((last, part) => createHmac('sha256', last).update(part).digest(), `AWS4${secret}`);
const signatureHex = createHmac('sha256', key).update(toSign).digest('hex');
const authorization = `AWS4-HMAC-SHA256 Credential=AKID/${scope}, SignedHeaders=${signedHeaders}, Signature=${signatureHex}`;
const query = `X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKID%2F${encodeURIComponent(scope)}&X-Amz-Date=20260102T030405Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=${signatureHex}`;
const words = [
  'Credential=',
  'Signature=',
  'SignedHeaders=',
  ', ',
  ';',
  '/',
  '%',
  '%00',
  '&',
  '=',
  'X-Amz-Expires=',
  ' ',
];
const identities = readIdentities([{ accessKeyId: 'AKID', secretAccessKey: secret }], '000000000000');
const authenticate = createAuthenticator({
  mode: 'sigv4',
  identities,
  defaultAccount: '000000000000',
  defaultRegion: 'us-east-1',
  clock: { ...simulatedWorld(1).clock, now: () => nowMs },
});

/** A request is believed only while everything that was signed is as it was. */
function signature(draw: Draw): void {
  const text = (value: string): string => mutateBytes(draw, Buffer.from(value, 'latin1'), words).toString('latin1');
  const request = {
    method: 'POST',
    path: '/',
    query: '',
    headers: { ...sent, authorization } as Record<string, string>,
    body,
  };
  const part = draw.below(8);
  if (part === 0) request.body = mutateBytes(draw, body, words);
  else if (part === 1) request.query = text('a=b');
  else if (part === 2) request.path = text('/');
  else if (part === 3) {
    const name = draw.pick(Object.keys(sent));
    request.headers[name] = text(request.headers[name]!);
  } else if (part === 4) {
    delete request.headers['authorization'];
    request.query = text(query);
  } else if (part > 5) request.headers['authorization'] = text(authorization);
  const caller = refusesOrReads(
    JSON.stringify(request),
    () => authenticate(request),
    (error) => error instanceof AwsError,
  );
  if (caller === undefined) {
    assert.notEqual(part, 5, 'an unchanged request is refused');
    return;
  }
  const plain = (value = ''): string => value.trim().replaceAll(/ +/g, ' ');
  for (const [name, value] of Object.entries(sent))
    assert.equal(plain(request.headers[name]), value, JSON.stringify(request));
  assert.deepEqual(request.body, body);
  // A signature's own place in the query cannot be signed.
  const pairs = request.query.split('&').filter((pair) => pair !== '' && !pair.startsWith('X-Amz-Signature='));
  assert.deepEqual([request.path, pairs], ['/', []]);
  assert.equal(caller.region, 'us-east-1');
}

const codec = createIteratorCodec(Buffer.alloc(32, 3));

/** An iterator is believed only as it was given out. */
function iterator(draw: Draw): void {
  const position = {
    account: '000000000000',
    region: 'us-east-1',
    streamId: 'a',
    streamName: 's'.repeat(1 + draw.below(20)),
    logId: draw.below(9),
    shardNumber: draw.below(9),
    index: draw.below(1000),
    issuedMs: nowMs,
  };
  const given = codec.seal(position);
  const isText = draw.once(2);
  const source = isText ? Buffer.from(given) : Buffer.from(given, 'base64');
  const altered = mutateBytes(draw, source, ['=', '"', ' ', 'AAAA']).toString(isText ? 'latin1' : 'base64');
  const found = refusesOrReads(
    altered,
    () => codec.open(altered, nowMs),
    (error) => error instanceof AwsError,
  );
  if (found === undefined) return;
  assert.deepEqual(found, position);
  assert.equal(altered.replaceAll('"', ''), given);
}
