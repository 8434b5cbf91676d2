import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { upperHashOf } from '../src/partition-key-hash.ts';
import { checkExplicitHashKey, routeExplicitHashKey, routePartitionKey, routesOf } from '../src/routing.ts';
import type { Shard, Stream } from '../src/state.ts';

const space = 2n ** 128n;

/** A stream whose open shards begin at 0 and at the given cuts. */
function streamCutAt(cuts: readonly bigint[]): Stream {
  const starts = [...new Set([0n, ...cuts])].sort((a, b) => (a < b ? -1 : 1));
  const shards = starts.map((startHash, number): [number, Shard] => [
    number,
    {
      number,
      logId: number,
      createdSecond: 1,
      startHash,
      endHash: (starts[number + 1] ?? space) - 1n,
      parent: undefined,
      adjacentParent: undefined,
      closed: undefined,
    },
  ]);
  return { shards: new Map(shards), nextShardNumber: shards.length } as Stream;
}

/** The dumb twin: looks at every shard. */
function shardOf(stream: Stream, hash: bigint): number {
  return [...stream.shards.values()].find(({ startHash, endHash }) => hash >= startHash && hash <= endHash)!.number;
}

const hashes = fc.bigInt({ min: 0n, max: space - 1n });
const cuts = fc.array(
  fc.oneof(hashes, fc.bigInt({ min: 0n, max: 50n }), fc.bigInt({ min: space - 50n, max: space - 1n })),
  { maxLength: 40 },
);

test('an explicit hash key goes to the shard whose range holds it', () => {
  fc.assert(
    fc.property(cuts, fc.oneof(hashes, fc.bigInt({ min: 0n, max: 60n })), (at, hash) => {
      const stream = streamCutAt(at);
      const routes = routesOf(stream);
      assert.equal(routes.shards[routeExplicitHashKey(routes, String(hash))]!.number, shardOf(stream, hash));
    }),
    { numRuns: 2000 },
  );
});

test('the ends of every range belong to it', () => {
  fc.assert(
    fc.property(cuts, (at) => {
      const stream = streamCutAt(at);
      const routes = routesOf(stream);
      for (const { number, startHash, endHash } of stream.shards.values()) {
        for (const hash of [startHash, endHash])
          assert.equal(routes.shards[routeExplicitHashKey(routes, String(hash))]!.number, number);
      }
    }),
  );
});

test('10,000 partition keys, the MD5 preimage of a hash that ends in zeros among them, go where their MD5 lies', () => {
  const stream = streamCutAt([space / 3n, space / 2n, (space / 5n) * 4n]);
  const routes = routesOf(stream);
  const keys = ['polygenelubricants', '', '😀', ...Array.from({ length: 10_000 }, (_, n) => `key-${n}`)];
  for (const key of keys) {
    const hash = BigInt(`0x${createHash('md5').update(key).digest('hex')}`);
    assert.equal(routes.shards[routePartitionKey(routes, key)]!.number, shardOf(stream, hash), key);
  }
});

test('the hash of a key is its MD5, of every length and in every script', () => {
  const keys = fc.oneof(
    fc.string({ unit: 'binary-ascii', maxLength: 70 }),
    fc.string({ unit: 'binary', maxLength: 70 }),
    fc.string({ unit: 'grapheme', maxLength: 256 }),
  );
  fc.assert(
    fc.property(keys, (key) => {
      const digits = createHash('md5').update(key).digest('hex').slice(0, 13);
      assert.equal(upperHashOf(key), Number.parseInt(digits, 16));
    }),
    { numRuns: 2000 },
  );
});

test('a key whose hash is the very start of a range goes there, one whose hash is one less to the shard before', () => {
  for (const key of ['a', 'polygenelubricants', '😀']) {
    const hash = BigInt(`0x${createHash('md5').update(key).digest('hex')}`);
    const at = routesOf(streamCutAt([hash]));
    assert.equal(at.shards[routePartitionKey(at, key)]!.startHash, hash);
    const after = routesOf(streamCutAt([hash + 1n]));
    assert.equal(after.shards[routePartitionKey(after, key)]!.startHash, 0n);
  }
});

test('a hash key outside of the space is refused in AWS’s words', () => {
  checkExplicitHashKey('0');
  checkExplicitHashKey(String(space - 1n));
  for (const given of [space, space + 1n, 9n * 10n ** 38n]) {
    assert.throws(() => checkExplicitHashKey(String(given)), {
      message: `Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was ${given}`,
    });
  }
});
